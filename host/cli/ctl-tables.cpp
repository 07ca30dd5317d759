#include "ctl-tables.h"

#include "host/admin/report.h"
#include "host/config/names.h"
#include "table.h"

#include <cmath>
#include <ctime>
#include <ostream>

namespace maitred::host::cli {

namespace {

int64_t secondsSince(int64_t unixNs) {
  return time(nullptr) - unixNs / 1000000000;
}

std::string stateOf(admin::InstanceStatus::Reader instance) {
  std::string state = nameOf(instance.getState());
  if (instance.getState() == admin::InstanceState::ACTIVE && !instance.getReady())
    state += ", degraded";
  return state;
}

std::string number(uint64_t value) {
  return std::to_string(value);
}

const char* word(admin::Action action) {
  switch (action) {
    case admin::Action::UNCHANGED:
      return "unchanged";
    case admin::Action::RECONFIGURED:
      return "reconfigured";
    case admin::Action::RESTARTED:
      return "restarted";
    case admin::Action::ADDED:
      return "added";
    case admin::Action::REMOVED:
      return "removed";
    default:
      return "unknown";
  }
}

}  // namespace

void writeStatus(std::ostream& out, admin::HostStatus::Reader status) {
  out << "maitred " << status.getVersion().cStr() << ", " << nameOf(status.getState()) << ", pid "
      << status.getPid() << ", up " << age(secondsSince(status.getStartedAt())) << ", loop delay "
      << shortTime(status.getLoopDelayUs()) << "\nconfig " << status.getConfigFile().cStr()
      << "\n\n";
  Table table({"INSTANCE", "PLUGIN", "VERSION", "STATE", ">FOR", "ISOLATION", ">PID", ">RESTARTS",
               ">MEMORY", ">LOOP", "MESSAGE"});
  for (auto instance : status.getInstances()) {
    auto message =
        instance.getMessage().size() > 0 || instance.getState() == admin::InstanceState::ACTIVE
            ? instance.getMessage()
            : instance.getLastFailure();
    table.row(
        {instance.getName().cStr(), instance.getPlugin().cStr(), instance.getVersion().cStr(),
         stateOf(instance), age(secondsSince(instance.getSince())), instance.getIsolation().cStr(),
         instance.getPid() == 0 ? "" : number(instance.getPid()), number(instance.getRestarts()),
         instance.getMemoryBytes() == 0 ? "" : byteSize(instance.getMemoryBytes()),
         shortTime(instance.getLoopDelayUs()), message.cStr()});
  }
  table.write(out);
}

void writeInstance(std::ostream& out, admin::InstanceStatus::Reader instance) {
  auto line = [&](const char* name, const std::string& value) {
    if (!value.empty())
      out << "  " << name << std::string(14 - std::string(name).size(), ' ') << value << "\n";
  };
  out << instance.getName().cStr() << ": " << stateOf(instance) << " for "
      << age(secondsSince(instance.getSince())) << "\n";
  line("plugin", std::string(instance.getPlugin().cStr()) + " " + instance.getVersion().cStr());
  line("isolation", instance.getIsolation().cStr());
  if (instance.getPid() != 0) line("pid", number(instance.getPid()));
  if (instance.getMemoryBytes() != 0) line("memory", byteSize(instance.getMemoryBytes()));
  line("loop delay", shortTime(instance.getLoopDelayUs()));
  line("restarts", number(instance.getRestarts()));
  line("message", instance.getMessage().cStr());
  for (auto listener : instance.getListeners()) {
    line("listens", std::string(listener.getName().cStr()) + " on " + listener.getAddress().cStr());
  }
  if (instance.getLastFailure().size() > 0) {
    line("last failure",
         wallTime(instance.getLastFailureAt()) + ": " + instance.getLastFailure().cStr());
  }
  if (instance.getLastLog().size() > 0) out << "\nlog before the last failure:\n";
  for (auto entry : instance.getLastLog()) out << "  " << entry.cStr() << "\n";
}

uint64_t quantile(capnp::List<admin::Bucket>::Reader buckets, double share) {
  if (buckets.size() == 0) return 0;
  uint64_t total = buckets[buckets.size() - 1].getCount();
  if (total == 0) return 0;
  auto rank = static_cast<uint64_t>(std::ceil(static_cast<double>(total) * share));
  uint64_t bound = 0;
  for (auto bucket : buckets) {
    if (bucket.getUpTo() != ~0ull) bound = bucket.getUpTo();
    if (bucket.getCount() >= rank) break;
  }
  return bound;
}

void writeGrants(std::ostream& out, capnp::List<admin::Edge>::Reader edges) {
  if (edges.size() == 0) {
    out << "no plugin uses another\n";
    return;
  }
  Table table({"CONSUMER", "REQUIREMENT", "PROVIDER", "INTERFACE", "STATE", ">CALLS", ">FAILED",
               ">OVERLOADED", ">IN FLIGHT", ">P50", ">P99", ">RECONNECTS", "LAST USE"});
  for (auto edge : edges) {
    std::string interface = edge.getInterface().cStr();
    auto latency = [&](double share) {
      auto bound = quantile(edge.getLatencyUs(), share);
      return bound == 0 ? std::string() : "<" + shortTime(bound);
    };
    table.row({edge.getConsumer().cStr(), edge.getRequirement().cStr(), edge.getProvider().cStr(),
               interface.substr(interface.rfind('.') + 1),
               edge.getConnected() ? "connected" : "disconnected", number(edge.getCalls()),
               number(edge.getFailures()), number(edge.getOverloads()),
               number(edge.getInFlight()) + "/" + number(edge.getInFlightMax()), latency(0.5),
               latency(0.99), number(edge.getReconnects()), wallTime(edge.getLastUseAt())});
  }
  table.write(out);
}

void writeReload(std::ostream& out, admin::Admin::ReloadResults::Reader result, bool dryRun) {
  if (!result.getAccepted()) {
    out << "the configuration was refused, nothing has changed:\n" << result.getReport().cStr();
    if (!kj::StringPtr(result.getReport()).endsWith("\n")) out << "\n";
    return;
  }
  if (result.getReport().size() > 0) {
    out << result.getReport().cStr()
        << (kj::StringPtr(result.getReport()).endsWith("\n") ? "" : "\n");
  }
  Table table({"INSTANCE", dryRun ? "WOULD BE" : "WAS", "DETAIL"});
  for (auto change : result.getChanges()) {
    table.row({change.getInstance().cStr(), word(change.getAction()), change.getDetail().cStr()});
  }
  if (result.getChanges().size() > 0) table.write(out);
}

}  // namespace maitred::host::cli
