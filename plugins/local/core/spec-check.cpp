#include "spec-check.h"

#include "paths.h"

namespace maitred::local {

using backend::RefusalReason;
using backend::Rejection;

namespace {

Rejection unsupported(std::string text) {
  return {RefusalReason::UNSUPPORTED, std::move(text), 0};
}
Rejection invalid(std::string text) {
  return {RefusalReason::INVALID_SPEC, std::move(text), 0};
}

std::optional<Rejection> uriFault(backend::Uri::Reader uri) {
  std::string location(uri.getLocation().cStr());
  auto has = [&](std::string_view prefix) {
    return location.compare(0, prefix.size(), prefix) == 0;
  };
  if (!has("http://") && !has("https://") && !has("file://") && !has("/")) {
    return unsupported("uri " + location +
                       ": only http, https, file and absolute paths can be fetched");
  }
  if (uri.getOutputFile().size() > 0 && !staysBeneath(uri.getOutputFile().cStr())) {
    return invalid("uri " + location + ": the output file must be a relative path without '..'");
  }
  return std::nullopt;
}

std::optional<Rejection> probeFault(backend::TaskSpec::Reader spec) {
  auto probe = spec.getProbe();
  if (probe.getCheck().isCommand()) return std::nullopt;
  if (probe.getCheck().isHttpPath()) {
    kj::StringPtr path = probe.getCheck().getHttpPath();
    for (unsigned char c : path) {
      if (c <= ' ' || c == 0x7f)
        return invalid("probe: the path holds blanks or control characters");
    }
    if (!path.startsWith("/")) return invalid("probe: the path must begin with /");
  }
  if (probe.getPortName().size() == 0 && spec.getPorts().size() > 0) return std::nullopt;
  for (auto port : spec.getPorts()) {
    if (port.getName() == probe.getPortName()) return std::nullopt;
  }
  return invalid("probe: the task has no port named '" + std::string(probe.getPortName().cStr()) +
                 "'");
}

}  // namespace

std::optional<Rejection> cannotRun(backend::TaskSpec::Reader spec, bool ignoreContainers) {
  if (spec.hasContainer() && !ignoreContainers) {
    return unsupported(
        "the local backend runs plain processes, no containers: submit the job without one, or let "
        "the operator set containers: ignore");
  }
  if (spec.getCommand().isImageDefault()) {
    return unsupported("without a container there is no default command");
  }
  if (spec.getCommand().isArgv() && spec.getCommand().getArgv().size() == 0) {
    return invalid("command: argv is empty");
  }
  for (auto file : spec.getFiles()) {
    if (!staysBeneath({file.getPath().begin(), file.getPath().size()})) {
      return invalid("file '" + std::string(file.getPath().cStr()) +
                     "': must be a relative path without '..'");
    }
  }
  for (auto uri : spec.getUris()) {
    if (auto fault = uriFault(uri)) return fault;
  }
  if (spec.hasProbe()) {
    if (auto fault = probeFault(spec)) return fault;
  }
  return std::nullopt;
}

}  // namespace maitred::local
