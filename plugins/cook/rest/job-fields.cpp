#include "job-fields.h"

#include <queue/limits.h>

#include <algorithm>
#include <cmath>
#include <regex>
#include <set>

namespace maitred::cook {

using nlohmann::json;

namespace {

constexpr std::size_t PARTS_MOST = 100;  // volumes, parameters, …
constexpr std::int64_t PORT_MOST = 65536;

std::string upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return std::toupper(c); });
  return text;
}

// Calls read(Fields&) on each object of a list.
template <typename Read>
void readParts(Fields& of, const char* key, Read&& read) {
  const json* list = of.take(key);
  if (list == nullptr) return;
  if (!list->is_array() || list->size() > PARTS_MOST) {
    return of.violates(key, "list-of-at-most-100?", *list);
  }
  for (const json& one : *list) {
    if (!one.is_object()) return of.violates(key, "map?", one);
    Fields part(one, false);
    read(part);
    if (json errors = part.finish(); !errors.is_null()) return of.nest(key, std::move(errors));
  }
}

std::int64_t readPort(Fields& of, const char* key) {
  std::int64_t port = of.integer(key, 0, 0, true, "port?");
  if (port > PORT_MOST) of.violates(key, "port?", port);
  return port;
}

void readDocker(Fields& docker, Container& into) {
  into.image = docker.text("image", false);
  into.network = docker.text("network", false);
  into.forcePull = docker.boolean("force-pull-image", false);
  readParts(docker, "parameters", [&](Fields& one) {
    into.parameters.emplace_back(one.text("key", true), one.text("value", true));
  });
  readParts(docker, "port-mapping", [&](Fields& one) {
    Container::PortMapping mapping;
    mapping.hostPort = readPort(one, "host-port");
    mapping.containerPort = readPort(one, "container-port");
    mapping.protocol = upper(one.text("protocol", false));
    into.ports.push_back(std::move(mapping));
  });
}

void readVolumes(Fields& container, Container& into) {
  readParts(container, "volumes", [&](Fields& one) {
    Container::Volume volume;
    volume.hostPath = one.text("host-path", true);
    volume.containerPath = one.text("container-path", false);
    volume.mode = upper(one.text("mode", false));
    if (!volume.mode.empty() && volume.mode != "RW" && volume.mode != "RO") {
      one.violates("mode", "rw-or-ro?", volume.mode);
    }
    into.volumes.push_back(std::move(volume));
  });
}

// The object under a key, if there is one.
template <typename Read>
void readObject(Fields& of, const char* key, Read&& read) {
  const json* object = of.take(key);
  if (object == nullptr) return;
  if (!object->is_object()) return of.violates(key, "map?", *object);
  Fields fields(*object, false);
  read(fields);
  if (json errors = fields.finish(); !errors.is_null()) of.nest(key, std::move(errors));
}

// A number above 1: less than a MiB is a mistake of units.
std::optional<double> readAmount(Fields& fields, const char* key, bool required) {
  const json* value = fields.take(key);
  if (value == nullptr) {
    if (required) fields.fault(key, "missing-required-key");
    return std::nullopt;
  }
  if (!value->is_number() || !std::isfinite(value->get<double>()) || value->get<double>() <= 1) {
    fields.violates(key, "above-1?", *value);
    return std::nullopt;
  }
  return value->get<double>();
}

}  // namespace

bool isLabelValue(const std::string& text) {
  static const std::regex SYNTAX("([a-zA-Z0-9]{1,2}|[a-zA-Z0-9][.a-zA-Z0-9_-]{0,61}[a-zA-Z0-9])?");
  return text.size() <= 63 && std::regex_match(text, SYNTAX);
}

std::optional<Container> readContainer(Fields& fields) {
  std::optional<Container> found;
  readObject(fields, "container", [&](Fields& own) {
    Container container;
    std::string type = own.text("type", true);
    container.type = upper(type);
    if (container.type != "DOCKER" && container.type != "MESOS") {
      if (own.has("type")) own.violates("type", "docker-or-mesos?", type);
      container.type = "DOCKER";
    }
    readObject(own, "docker", [&](Fields& docker) { readDocker(docker, container); });
    readObject(own, "mesos", [&](Fields& mesos) {
      std::string image = mesos.text("image", true);
      if (!container.isDocker()) container.image = image;
    });
    readVolumes(own, container);
    found = std::move(container);
  });
  return found;
}

std::optional<json> readDisk(Fields& fields) {
  std::optional<json> found;
  readObject(fields, "disk", [&](Fields& disk) {
    json read = json::object();
    if (auto request = readAmount(disk, "request", true)) read["request"] = *request;
    if (auto limit = readAmount(disk, "limit", false)) read["limit"] = *limit;
    if (disk.has("type")) read["type"] = disk.text("type", false);
    found = std::move(read);
  });
  return found;
}

std::optional<json> readCheckpoint(Fields& fields) {
  static const std::set<std::string> MODES{"auto", "periodic", "preemption"};
  std::optional<json> found;
  readObject(fields, "checkpoint", [&](Fields& checkpoint) {
    json read = json::object();
    std::string mode = checkpoint.text("mode", true);
    if (checkpoint.has("mode") && !MODES.contains(mode)) {
      checkpoint.violates("mode", "auto-periodic-or-preemption?", mode);
    }
    read["mode"] = mode;
    readObject(checkpoint, "options", [&](Fields& options) {
      read["options"] = json::object();
      const json* paths = options.take("preserve-paths");
      if (paths == nullptr) return;
      bool good = paths->is_array() && paths->size() <= PARTS_MOST &&
                  std::all_of(paths->begin(), paths->end(),
                              [](const json& one) { return one.is_string(); });
      if (!good) return options.violates("preserve-paths", "list-of-at-most-100-texts?", *paths);
      read["options"]["preserve-paths"] = *paths;
    });
    readObject(checkpoint, "periodic-options", [&](Fields& periodic) {
      read["periodic-options"] = {
          {"period-sec", periodic.integer("period-sec", 1, 1, true, "pos?")}};
    });
    found = std::move(read);
  });
  return found;
}

std::optional<json> readApplication(Fields& fields) {
  std::optional<json> found;
  readObject(fields, "application", [&](Fields& application) {
    json read = json::object();
    for (const char* key : {"name", "version"}) {
      std::string value = application.text(key, true);
      if (application.has(key) && (value.empty() || !validJobName(value))) {
        application.violates(key, "non-empty-max-128-characters-and-alphanum?", value);
      }
      read[key] = value;
    }
    for (const char* key : {"workload-class", "workload-id", "workload-details"}) {
      if (!application.has(key)) continue;
      std::string value = application.text(key, false);
      if (!isLabelValue(value)) application.violates(key, "valid-k8s-pod-label-value?", value);
      read[key] = value;
    }
    found = std::move(read);
  });
  return found;
}

}  // namespace maitred::cook
