#pragma once
// What `maitred ctl` prints for people. Pure.

#include <maitred/schema/admin.capnp.h>

#include <iosfwd>

namespace maitred::host::cli {

void writeStatus(std::ostream& out, admin::HostStatus::Reader status);
void writeInstance(std::ostream& out, admin::InstanceStatus::Reader instance);
void writeGrants(std::ostream& out, capnp::List<admin::Edge>::Reader edges);
void writeReload(std::ostream& out, admin::Admin::ReloadResults::Reader result, bool dryRun);

// The latency below which `share` (0..1) of the calls stay, in microseconds: the bound of the
// bucket in which that call falls. 0 if there were no calls; the last finite bound for those beyond
// it.
uint64_t quantile(capnp::List<admin::Bucket>::Reader buckets, double share);

}  // namespace maitred::host::cli
