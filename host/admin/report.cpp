#include "report.h"

#include "host/log/logs.h"

#include <maitred/async.h>

#include <capnp/message.h>

namespace maitred::host {

const char* nameOf(admin::InstanceState state) {
  switch (state) {
    case admin::InstanceState::STOPPED:
      return "stopped";
    case admin::InstanceState::STARTING:
      return "starting";
    case admin::InstanceState::STANDBY:
      return "standby";
    case admin::InstanceState::ACTIVE:
      return "active";
    case admin::InstanceState::DRAINING:
      return "draining";
    case admin::InstanceState::BACKING_OFF:
      return "backing off";
    case admin::InstanceState::FAILED:
      return "failed";
    default:
      return "unknown";
  }
}

const char* nameOf(admin::HostState state) {
  switch (state) {
    case admin::HostState::STARTING:
      return "starting";
    case admin::HostState::RUNNING:
      return "running";
    case admin::HostState::DRAINING:
      return "draining";
    default:
      return "unknown";
  }
}

std::vector<std::string> reasonsNotReady(admin::HostStatus::Reader status) {
  std::vector<std::string> reasons;
  if (status.getState() != admin::HostState::RUNNING) {
    reasons.push_back(std::string("the host is ") + nameOf(status.getState()));
  }
  for (auto instance : status.getInstances()) {
    std::string name = instance.getName().cStr();
    if (instance.getState() != admin::InstanceState::ACTIVE) {
      std::string reason = name + ": " + nameOf(instance.getState());
      if (instance.getLastFailure().size() > 0) {
        reason += std::string(" (") + instance.getLastFailure().cStr() + ")";
      }
      reasons.push_back(reason);
    } else if (!instance.getReady()) {
      auto message = instance.getMessage();
      reasons.push_back(name + ": degraded" +
                        (message.size() > 0 ? ": " + std::string(message.cStr()) : ""));
    }
  }
  return reasons;
}

namespace {

void addInstance(Exposition& out, admin::InstanceStatus::Reader instance) {
  MetricLabels labels = {{"instance", instance.getName().cStr()}};
  auto withState = labels;
  withState.push_back({"plugin", instance.getPlugin().cStr()});
  withState.push_back({"state", nameOf(instance.getState())});
  out.add("maitred_instance_state", "gauge", "1 for the state that the instance is in.", withState,
          1);
  out.add("maitred_instance_ready", "gauge",
          "1 if the instance is active and reports itself ready.", labels,
          instance.getState() == admin::InstanceState::ACTIVE && instance.getReady() ? 1 : 0);
  out.add("maitred_instance_restarts_total", "counter", "Starts after the first.", labels,
          instance.getRestarts());
  out.add("maitred_instance_loop_delay_seconds", "gauge", "Delay of the instance's event loop.",
          labels, instance.getLoopDelayUs() / 1e6);
  if (instance.getMemoryBytes() > 0) {
    out.add("maitred_instance_memory_bytes", "gauge", "Resident memory of the instance's process.",
            labels, static_cast<double>(instance.getMemoryBytes()));
  }
}

void addEdge(Exposition& out, admin::Edge::Reader edge) {
  MetricLabels labels = {{"consumer", edge.getConsumer().cStr()},
                         {"requirement", edge.getRequirement().cStr()},
                         {"provider", edge.getProvider().cStr()}};
  auto add = [&](const char* name, const char* type, const char* help, double value) {
    out.add(name, type, help, labels, value);
  };
  add("maitred_edge_connected", "gauge", "1 while the provider is there.",
      edge.getConnected() ? 1 : 0);
  add("maitred_edge_calls_total", "counter", "Calls of a consumer to a provider.",
      static_cast<double>(edge.getCalls()));
  add("maitred_edge_failures_total", "counter", "Calls that ended in an error.",
      static_cast<double>(edge.getFailures()));
  add("maitred_edge_overloads_total", "counter", "Calls refused by the limit of calls in flight.",
      static_cast<double>(edge.getOverloads()));
  add("maitred_edge_in_flight", "gauge", "Calls without an answer yet.", edge.getInFlight());
  add("maitred_edge_in_flight_max", "gauge", "The limit of calls in flight.",
      edge.getInFlightMax());
  add("maitred_edge_reconnects_total", "counter", "Connections after the first.",
      edge.getReconnects());
  const char* latency = "maitred_edge_latency_seconds";
  const char* help = "Time from a call to its answer.";
  uint64_t count = 0;
  for (auto bucket : edge.getLatencyUs()) {
    auto bounded = labels;
    bool last = bucket.getUpTo() == ~0ull;
    bounded.push_back({"le", last ? "+Inf" : kj::str(bucket.getUpTo() / 1e6).cStr()});
    count = bucket.getCount();
    out.add(latency, "histogram", help, bounded, static_cast<double>(count), "_bucket");
  }
  if (edge.getLatencyUs().size() > 0) {
    out.add(latency, "histogram", help, labels, static_cast<double>(count), "_count");
  }
}

}  // namespace

void addHostMetrics(Exposition& out, admin::HostStatus::Reader status,
                    capnp::List<admin::Edge>::Reader edges, const Logs& logs) {
  out.add("maitred_host_info", "gauge", "Version of the host.",
          {{"version", status.getVersion().cStr()}}, 1);
  out.add("maitred_host_start_time_seconds", "gauge", "Start of the host, unix time.", {},
          static_cast<double>(status.getStartedAt()) / 1e9);
  out.add("maitred_host_ready", "gauge", "1 if /readyz answers 200.", {},
          reasonsNotReady(status).empty() ? 1 : 0);
  out.add("maitred_host_loop_delay_seconds", "gauge", "Delay of the host's event loop.", {},
          status.getLoopDelayUs() / 1e6);
  for (auto level : {LogLevel::debug, LogLevel::info, LogLevel::warning, LogLevel::error}) {
    out.add("maitred_host_log_lines_total", "counter",
            "Lines written to the log, of all instances.", {{"level", nameOf(level)}},
            static_cast<double>(logs.written(level)));
  }
  for (auto instance : status.getInstances()) addInstance(out, instance);
  for (auto edge : edges) addEdge(out, edge);
}

kj::Promise<std::string> allMetrics(Control& control, Logs& logs) {
  return control.instanceMetrics().then([&control, &logs](std::vector<InstanceMetrics> instances) {
    capnp::MallocMessageBuilder statusMessage, edgesMessage;
    auto status = statusMessage.initRoot<admin::HostStatus>();
    control.status(status);
    auto edges = edgesMessage.initRoot<admin::Admin::GrantsResults>();
    control.grants(edges);
    Exposition out;
    addHostMetrics(out, status.asReader(), edges.asReader().getEdges(), logs);
    for (const auto& instance : instances) {
      auto dropped = out.merge(instance.instance, instance.text);
      out.add("maitred_instance_metrics_dropped_lines", "gauge",
              "Lines of the instance's metrics that were no valid samples.",
              {{"instance", instance.instance}}, static_cast<double>(dropped));
    }
    return out.text();
  });
}

}  // namespace maitred::host
