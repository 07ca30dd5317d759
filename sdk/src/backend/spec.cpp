#include <maitred/backend/spec.h>

#include "text.h"

#include <openssl/sha.h>

#include <capnp/message.h>
#include <kj/encoding.h>

#include <set>

namespace maitred::backend {
namespace {

template <typename... Parts>
std::string sentence(Parts&&... parts) {
  return std::string(kj::str(kj::fwd<Parts>(parts)...).cStr());
}

bool hasNul(capnp::Text::Reader text) {
  return memchr(text.begin(), 0, text.size()) != nullptr;
}

// Relative, no empty part, no "..": it must stay below the sandbox.
bool staysInside(std::string_view path) {
  if (path.empty() || path.front() == '/' || path.size() > 1024) return false;
  while (!path.empty()) {
    auto slash = path.find('/');
    auto part = path.substr(0, slash);
    if (part.empty() || part == "." || part == ".." || part.size() > 255) return false;
    if (slash == std::string_view::npos) return true;
    path.remove_prefix(slash + 1);
  }
  return false;
}

std::optional<std::string> commandFault(TaskSpec::Reader spec) {
  auto command = spec.getCommand();
  switch (command.which()) {
    case TaskSpec::Command::SHELL:
      if (command.getShell().size() == 0) return "command.shell is empty: say what to run";
      if (hasNul(command.getShell())) return "command.shell contains a zero byte";
      return std::nullopt;
    case TaskSpec::Command::ARGV:
      if (command.getArgv().size() == 0)
        return "command.argv is empty: its first part names the program";
      for (auto part : command.getArgv()) {
        if (hasNul(part)) return "command.argv contains a zero byte";
      }
      if (command.getArgv()[0].size() == 0) return "command.argv[0] is empty: it names the program";
      return std::nullopt;
    case TaskSpec::Command::IMAGE_DEFAULT:
      if (!spec.hasContainer()) return "command.imageDefault needs a container image";
      return std::nullopt;
    default:
      return "command is not set: give shell, argv or imageDefault";
  }
}

std::optional<std::string> resourceFault(TaskSpec::Reader spec) {
  auto resources = read(spec.getResources());
  if (resources.cpuMillis == 0)
    return "resources.cpuMillis is 0: a task needs some cpu (1000 = one)";
  if (resources.memoryBytes == 0) return "resources.memoryBytes is 0: a task needs some memory";
  // Far above any machine; keeps sums of many tasks below 2^64.
  constexpr uint64_t most = uint64_t(1) << 52;
  if (resources.cpuMillis > most || resources.memoryBytes > most || resources.diskBytes > most) {
    return "resources are absurdly large: the most is 2^52 of each";
  }
  for (auto& [name, value] : resources.others) {
    if (name.empty()) return "resources.others has an entry without a name";
    if (value > most) return sentence("resources.others ", name.c_str(), " is above 2^52");
  }
  if (!resources.ports.empty()) return "resources.ports is for nodes: ask for ports in spec.ports";
  if (spec.hasLimits()) {
    auto limits = read(spec.getLimits());
    if (limits.cpuMillis != 0 && limits.cpuMillis < resources.cpuMillis) {
      return "limits.cpuMillis is below resources.cpuMillis";
    }
    if (limits.memoryBytes != 0 && limits.memoryBytes < resources.memoryBytes) {
      return "limits.memoryBytes is below resources.memoryBytes";
    }
  }
  return std::nullopt;
}

std::optional<std::string> environmentFault(TaskSpec::Reader spec, const SpecLimits& limits) {
  if (spec.getEnvironment().size() > limits.variablesMax) {
    return sentence("environment has ", spec.getEnvironment().size(), " entries, the most is ",
                    limits.variablesMax);
  }
  for (auto variable : spec.getEnvironment()) {
    auto name = variable.getName();
    if (name.size() == 0 || hasNul(name) || memchr(name.begin(), '=', name.size()) != nullptr) {
      return sentence("environment: \"", name, "\" is not a name for a variable");
    }
    if (hasNul(variable.getValue()))
      return sentence("environment: ", name, " contains a zero byte");
  }
  if (spec.getLabels().size() > limits.variablesMax) return "too many labels";
  for (auto label : spec.getLabels()) {
    if (label.getSecret()) {
      return sentence("labels: ", label.getName(),
                      " is marked secret, but labels are visible to everybody");
    }
  }
  return std::nullopt;
}

std::optional<std::string> fileFault(TaskSpec::Reader spec, const SpecLimits& limits) {
  if (spec.getFiles().size() > limits.filesMax) {
    return sentence("files has ", spec.getFiles().size(), " entries, the most is ",
                    limits.filesMax);
  }
  std::set<std::string> paths;
  for (auto file : spec.getFiles()) {
    auto path = str(file.getPath());
    if (hasNul(file.getPath()) || !staysInside(path)) {
      return sentence("files: \"", path.c_str(),
                      "\" must be a relative path that stays in the sandbox");
    }
    if (!paths.insert(path).second) return sentence("files: ", path.c_str(), " is there twice");
    if ((file.getMode() & ~0777) != 0) {
      return sentence("files: ", path.c_str(), " has a mode beyond 0777");
    }
  }
  return std::nullopt;
}

std::optional<std::string> portFault(TaskSpec::Reader spec, const SpecLimits& limits) {
  if (spec.getPorts().size() > limits.portsMax) {
    return sentence("ports has ", spec.getPorts().size(), " entries, the most is ",
                    limits.portsMax);
  }
  std::set<std::string> names;
  std::set<uint16_t> fixed;
  for (auto port : spec.getPorts()) {
    auto name = str(port.getName());
    if (!name.empty() && !names.insert(name).second) {
      return sentence("ports: the name ", name.c_str(), " is there twice");
    }
    if (port.getFixed() != 0 && !fixed.insert(port.getFixed()).second) {
      return sentence("ports: ", port.getFixed(), " is asked for twice");
    }
  }
  if (spec.hasProbe()) {
    auto wanted = str(spec.getProbe().getPortName());
    if (!wanted.empty() && !names.contains(wanted)) {
      return sentence("probe.portName: no port is called ", wanted.c_str());
    }
  }
  return std::nullopt;
}

std::optional<std::string> progressFault(TaskSpec::Reader spec) {
  if (!spec.hasProgress()) return std::nullopt;
  auto rule = spec.getProgress();
  constexpr uint patternMost = 4096, messageMost = 4096;
  if (rule.getPattern().size() == 0)
    return "progress.pattern is empty: say what a report looks like";
  if (rule.getPattern().size() > patternMost) {
    return sentence("progress.pattern is longer than ", patternMost, " bytes");
  }
  if (rule.getMessageBytesMax() > messageMost) {
    return sentence("progress.messageBytesMax is above ", messageMost);
  }
  if (hasNul(rule.getFile())) return "progress.file contains a zero byte";
  return std::nullopt;
}

}  // namespace

Digest digestOf(TaskSpec::Reader spec) {
  capnp::MallocMessageBuilder message(spec.totalSize().wordCount + 8);
  message.setRoot(spec);
  auto copy = message.getRoot<TaskSpec>();
  if (copy.hasDigest()) copy.disownDigest();
  auto canonical = capnp::canonicalize(copy.asReader());
  auto bytes = canonical.asBytes();
  Digest digest;
  SHA256(bytes.begin(), bytes.size(), digest.data());
  return digest;
}

void seal(TaskSpec::Builder spec) {
  auto digest = digestOf(spec.asReader());
  spec.setDigest(kj::arrayPtr(digest.data(), digest.size()));
}

bool validId(std::string_view id) {
  if (id.empty() || id.size() > 63) return false;
  return std::all_of(id.begin(), id.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

std::optional<std::string> faultIn(TaskSpec::Reader spec, const SpecLimits& limits) {
  auto bytes = spec.totalSize().wordCount * sizeof(capnp::word);
  if (bytes > limits.specBytesMax) {
    return sentence("the spec has ", bytes, " bytes, the most is ", limits.specBytesMax,
                    ": put large inputs into uris");
  }
  if (spec.getName().size() > 255) return "name is longer than 255 bytes";
  if (auto fault = commandFault(spec)) return fault;
  if (auto fault = resourceFault(spec)) return fault;
  if (auto fault = environmentFault(spec, limits)) return fault;
  if (auto fault = fileFault(spec, limits)) return fault;
  if (auto fault = portFault(spec, limits)) return fault;
  if (auto fault = progressFault(spec)) return fault;
  for (auto uri : spec.getUris()) {
    if (uri.getLocation().size() == 0) return "uris has an entry without a location";
  }
  if (spec.hasContainer() && spec.getContainer().getImage().size() == 0)
    return "container.image is empty";
  if (spec.hasDigest()) {
    auto digest = digestOf(spec);
    if (spec.getDigest() != kj::arrayPtr(digest.data(), digest.size())) {
      return "digest does not belong to this spec: call seal() after the last change";
    }
  }
  return std::nullopt;
}

}  // namespace maitred::backend
