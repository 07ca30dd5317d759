#pragma once
// Control: what an operator can see and do of a running host, independent of how they ask.
// host/runtime implements it; AdminServer (Unix socket) and StatusServer (HTTP) are its two users.
//
// Loop thread only. Errors are kj::Exceptions whose text goes to the operator as it is: say what
// was expected and what to do; FAILED for a wrong request (unknown instance), UNIMPLEMENTED where
// the plugin does not know it, OVERLOADED or DISCONNECTED where a later try can succeed.

#include <maitred/schema/admin.capnp.h>

#include <kj/async.h>
#include <kj/string.h>

#include <string>
#include <string_view>
#include <vector>

namespace maitred::host {

struct ReloadChange {
  std::string instance;
  admin::Action action;
  std::string detail;
};
struct ReloadReport {
  bool accepted = false;
  std::string report;  // every fault as file:line:column, or a summary of what was done
  std::vector<ReloadChange> changes;
};
struct InstanceMetrics {
  std::string instance;
  std::string text;  // Prometheus text without the label `instance`; empty if it gave none
};

class Control {
 public:
  virtual ~Control() noexcept(false) = default;

  // Fills every field of the status from what is known now; asks nobody.
  virtual void status(admin::HostStatus::Builder out) = 0;
  virtual void grants(admin::Admin::GrantsResults::Builder out) = 0;

  // Each of these carries on when the returned promise is dropped: an operator who closes the
  // terminal does not leave half a reload behind.
  virtual kj::Promise<ReloadReport> reload(bool dryRun) = 0;
  virtual kj::Promise<void> drain(kj::StringPtr instance,
                                  uint32_t deadlineMs) = 0;  // empty = whole host
  virtual kj::Promise<void> restart(kj::StringPtr instance) = 0;

  // Asks every running instance for its metrics, each with a deadline of its own; one that does not
  // answer is left out.
  virtual kj::Promise<std::vector<InstanceMetrics>> instanceMetrics() = 0;
  // Plugin.command of that instance.
  virtual kj::Promise<kj::String> ask(kj::StringPtr instance, kj::StringPtr name,
                                      kj::StringPtr input) = 0;

  // The configuration in force as YAML, secrets masked.
  virtual std::string effectiveConfig() = 0;
  // A text without the secrets of the configurations that are, or were, in force.
  virtual std::string masked(std::string_view text) = 0;
};

}  // namespace maitred::host
