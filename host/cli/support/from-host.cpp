#include "collect.h"
#include "host/cli/ctl-store.h"
#include "host/cli/to-json.h"
#include "machine.h"

#include <exception>

namespace maitred::host::cli {

namespace {

using nlohmann::json;

std::string dumped(capnp::DynamicValue::Reader value) {
  return toJson(value).dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

std::string joined(capnp::List<capnp::Text>::Reader lines) {
  std::string out;
  for (auto line : lines) out.append(line.cStr(), line.size()).append("\n");
  return out;
}

void addLog(Bundle& bundle, AdminClient& host, const std::string& instance) {
  auto shown = instance.empty() ? "host" : instance;
  auto name = "log/" + shown + ".log";
  try {
    auto request = host.admin().recentLogRequest();
    request.setInstance(instance);
    bundle.add(name, joined(host.wait(request.send()).getLines()), Bundle::Keep::end);
  } catch (const Failure& fault) {
    bundle.missing(name, fault.message);
  }
}

// Not every plugin has policies; one that has none refuses the question.
void addPolicies(Bundle& bundle, AdminClient& host, const std::string& instance) {
  auto request = host.admin().askRequest();
  request.setInstance(instance);
  request.setName("policy");
  try {
    bundle.add("policies/" + instance + ".json",
               std::string(host.wait(request.send()).getOutput().cStr()) + "\n");
  } catch (const Failure&) {
  }
}

void addStores(Bundle& bundle, AdminClient& host, const std::string& instance, double seconds) {
  std::vector<std::string> stores;
  try {
    stores = storesOf(host, instance);
  } catch (const Failure&) {
    return;  // a plugin without stores
  } catch (const std::exception& fault) {
    return bundle.missing("stores/" + instance, fault.what());
  }
  for (const auto& store : stores) {
    bundle.add("stores/" + instance + "-" + store + ".txt",
               [&]() { return checkStore(host, instance, store, seconds); });
  }
}

void addInstance(Bundle& bundle, AdminClient& host, admin::InstanceStatus::Reader instance,
                 double storeSeconds) {
  std::string name = instance.getName().cStr();
  addLog(bundle, host, name);
  if (instance.getLastLog().size() > 0) {
    bundle.add("log/" + name + "-before-crash.log", joined(instance.getLastLog()),
               Bundle::Keep::end);
  }
  if (instance.getPid() != 0) {
    bundle.add("libraries/" + name + ".txt",
               [&]() { return librariesOf(static_cast<pid_t>(instance.getPid())); });
  }
  if (instance.getState() == admin::InstanceState::ACTIVE) {
    addPolicies(bundle, host, name);
    addStores(bundle, host, name, storeSeconds);
  }
}

}  // namespace

void collectFromHost(Bundle& bundle, AdminClient& host, double storeSeconds) {
  auto status = host.wait(host.admin().statusRequest().send());
  bundle.add("status.json", dumped(status.getStatus()));
  bundle.add("grants.json", [&]() {
    return dumped(host.wait(host.admin().grantsRequest().send()).getEdges());
  });
  bundle.add("metrics.txt", [&]() {
    return std::string(host.wait(host.admin().metricsRequest().send()).getText().cStr());
  });
  bundle.add("config.yaml", [&]() {
    return std::string(host.wait(host.admin().configRequest().send()).getEffective().cStr());
  });
  addLog(bundle, host, "");
  bundle.add("libraries/host.txt",
             [&]() { return librariesOf(static_cast<pid_t>(status.getStatus().getPid())); });
  for (auto instance : status.getStatus().getInstances()) {
    addInstance(bundle, host, instance, storeSeconds);
  }
}

}  // namespace maitred::host::cli
