#include "containers.h"

#include <nlohmann/json.hpp>

namespace maitred::cook {

using nlohmann::json;

namespace {

void setUnlessEmpty(json& object, const char* key, const std::string& value) {
  if (!value.empty()) object[key] = value;
}

json dockerOf(const Container& container) {
  json parameters = json::array();
  for (const auto& [key, value] : container.parameters) {
    parameters.push_back({{"key", key}, {"value", value}});
  }
  json docker{{"parameters", std::move(parameters)}, {"force-pull-image", container.forcePull}};
  setUnlessEmpty(docker, "image", container.image);
  setUnlessEmpty(docker, "network", container.network);
  for (const auto& port : container.ports) {
    json one{{"host-port", port.hostPort}, {"container-port", port.containerPort}};
    setUnlessEmpty(one, "protocol", port.protocol);
    docker["port-mapping"].push_back(std::move(one));
  }
  return docker;
}

}  // namespace

json jsonOf(const Container& container) {
  json out{{"type", container.type}, {"volumes", json::array()}};
  for (const auto& volume : container.volumes) {
    json one{{"host-path", volume.hostPath}};
    setUnlessEmpty(one, "container-path", volume.containerPath);
    setUnlessEmpty(one, "mode", volume.mode);
    out["volumes"].push_back(std::move(one));
  }
  if (container.isDocker()) {
    out["docker"] = dockerOf(container);
  } else {
    out["mesos"] = json::object();
    setUnlessEmpty(out["mesos"], "image", container.image);
  }
  return out;
}

std::optional<Container> containerOf(const std::string& extra) {
  // Of the many jobs without one nothing is parsed.
  if (extra.find("\"container\"") == std::string::npos) return std::nullopt;
  json fields = json::parse(extra);
  if (!fields.is_object() || !fields.contains("container")) return std::nullopt;
  const json& from = fields["container"];
  Container container;
  container.type = from.at("type").get<std::string>();
  const json& own = from.at(container.isDocker() ? "docker" : "mesos");
  container.image = own.value("image", "");
  container.network = own.value("network", "");
  container.forcePull = own.value("force-pull-image", false);
  for (const json& one : own.value("parameters", json::array())) {
    container.parameters.emplace_back(one.at("key"), one.at("value"));
  }
  for (const json& one : own.value("port-mapping", json::array())) {
    container.ports.push_back(
        {one.at("host-port"), one.at("container-port"), one.value("protocol", "")});
  }
  for (const json& one : from.value("volumes", json::array())) {
    container.volumes.push_back(
        {one.at("host-path"), one.value("container-path", ""), one.value("mode", "")});
  }
  return container;
}

}  // namespace maitred::cook
