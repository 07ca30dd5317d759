#pragma once
// What the host tells monitoring, from its status and its edges.

#include "control.h"
#include "exposition.h"

namespace maitred::host {

class Logs;

// The words for the states, as shown everywhere: "backing off".
const char* nameOf(admin::InstanceState state);
const char* nameOf(admin::HostState state);

// Why the host is not ready, one sentence each: "cook: backing off (killed by signal 9)". Empty =
// ready.
std::vector<std::string> reasonsNotReady(admin::HostStatus::Reader status);

// The host's own families.
void addHostMetrics(Exposition& out, admin::HostStatus::Reader status,
                    capnp::List<admin::Edge>::Reader edges, const Logs& logs);

// Everything on one page: the host's families and those of all instances.
kj::Promise<std::string> allMetrics(Control& control, Logs& logs);

}  // namespace maitred::host
