#include "config.h"

#include <maitred/http/config.h>

#include <cerrno>
#include <cstring>
#include <set>

#include <arpa/inet.h>
#include <unistd.h>

namespace maitred::local {

namespace {

constexpr uint32_t PORT_FIRST = 31000;
constexpr uint32_t PORTS_PER_NODE = 1000;

std::string text(kj::StringPtr value) {
  return {value.begin(), value.size()};
}

std::string addressOf(NodeConfig::Reader node, size_t index) {
  if (node.getAddress().size() > 0) return text(node.getAddress());
  size_t last = index + 1;
  return "127.0." + std::to_string(last / 254) + "." + std::to_string(last % 254 + (last >= 254));
}

backend::Ports portsOf(NodeConfig::Reader node, size_t index) {
  auto ports = node.getPorts();
  if (ports.getFirst() != 0) return {ports.getFirst(), ports.getLast()};
  uint32_t first = PORT_FIRST + uint32_t(index) * PORTS_PER_NODE;
  return {uint16_t(first), uint16_t(first + PORTS_PER_NODE - 1)};
}

// Beyond the 34th node the default ranges are used up.
bool hasDefaultPorts(size_t index) {
  return PORT_FIRST + (index + 1) * PORTS_PER_NODE <= 65536;
}

backend::Amounts capacityOf(Capacity::Reader config, backend::Amounts machine) {
  if (config.getCpus() > 0) machine.cpuMillis = config.getCpus();
  if (config.getMem() > 0) machine.memoryBytes = config.getMem();
  if (config.getDisk() > 0) machine.diskBytes = config.getDisk();
  for (auto other : config.getOthers()) machine.others[text(other.getName())] = other.getCount();
  return machine;
}

void checkNode(NodeConfig::Reader node, size_t index, Problems& problems,
               std::vector<std::pair<backend::Ports, std::string>>& taken) {
  std::string name = text(node.getName());
  std::vector<std::string> path = {"nodes", std::to_string(index)};
  auto at = [&](std::string key) {
    auto full = path;
    full.push_back(std::move(key));
    return full;
  };
  in_addr address;
  if (inet_pton(AF_INET, addressOf(node, index).c_str(), &address) != 1) {
    problems.error(at("address"), "'" + text(node.getAddress()) + "' is no IPv4 address",
                   "write it as 127.0.0.2");
  }
  if (node.getPorts().getFirst() == 0 && !hasDefaultPorts(index)) {
    problems.error(at("ports"), "there are no default ports left for this node", "give it a range");
    return;
  }
  auto ports = portsOf(node, index);
  if (ports.last < ports.first) {
    problems.error(at("ports"), "the last port is below the first");
    return;
  }
  for (auto& [range, owner] : taken) {
    if (ports.first <= range.last && range.first <= ports.last) {
      problems.error(at("ports"), "the range overlaps that of node '" + owner + "'",
                     "all nodes are this machine: give each its own ports");
    }
  }
  taken.emplace_back(ports, name);
}

RunAs runAsFrom(LocalConfig::Reader config) {
  RunAs rule;
  auto runAs = config.getRunAs();
  switch (runAs.which()) {
    case RunAsConfig::AUTOMATIC:
      rule.kind = RunAs::Kind::automatic;
      break;
    case RunAsConfig::SUBMITTER:
      rule.kind = RunAs::Kind::submitter;
      break;
    case RunAsConfig::HOST:
      rule.kind = RunAs::Kind::host;
      break;
    case RunAsConfig::FIXED:
      rule.kind = RunAs::Kind::fixed;
      rule.fixed = text(runAs.getFixed());
      break;
  }
  rule.unknownUser = text(config.getUnknownUser());
  rule.allowRoot = config.getAllowRoot();
  return rule;
}

void checkAccount(const std::string& name, bool allowRoot, const char* key, Problems& problems) {
  auto account = findAccount(name);
  if (!account) {
    problems.error({key}, "there is no account '" + name + "' on this machine");
  } else if (account->uid == 0 && !allowRoot) {
    problems.error({key}, "tasks would run as root",
                   "name another account, or set allow_root: true");
  }
}

Settings::LimitMode modeFrom(LimitMode mode) {
  switch (mode) {
    case LimitMode::CGROUP_V1:
      return Settings::LimitMode::v1;
    case LimitMode::CGROUP_V2:
      return Settings::LimitMode::v2;
    case LimitMode::WATCH:
      return Settings::LimitMode::watch;
    case LimitMode::NONE:
      return Settings::LimitMode::none;
    default:
      return Settings::LimitMode::automatic;
  }
}

void addNodes(LocalConfig::Reader config, Settings& settings) {
  auto machine = machineCapacity(settings.workFolder);
  auto add = [&](std::string name, NodeConfig::Reader node, Capacity::Reader capacity,
                 size_t index) {
    NodeSettings one;
    one.address = addressOf(node, index);
    one.facts.id = one.facts.hostname = std::move(name);
    one.facts.pool = text(node.getPool());
    one.facts.capacity = capacityOf(capacity, machine);
    one.facts.capacity.ports = {portsOf(node, index)};
    one.facts.tasksMax = node.getTasksMax();
    for (auto attribute : node.getAttributes()) {
      backend::AttributeValues values{text(attribute.getName()), {}};
      for (auto value : attribute.getValues()) values.values.push_back(text(value));
      one.facts.attributes.push_back(std::move(values));
    }
    settings.nodes.push_back(std::move(one));
  };
  size_t index = 0;
  for (auto node : config.getNodes()) {
    add(text(node.getName()), node, node.getResources(), index);
    ++index;
  }
  if (index == 0) add(machineName(), NodeConfig::Reader(), config.getResources(), 0);
}

}  // namespace

void checkConfig(LocalConfig::Reader config, Problems& problems, uint32_t hostUid) {
  std::set<std::string> names;
  std::vector<std::pair<backend::Ports, std::string>> taken;
  size_t index = 0;
  for (auto node : config.getNodes()) {
    if (!names.insert(text(node.getName())).second) {
      problems.error({"nodes", std::to_string(index), "name"},
                     "there are two nodes '" + text(node.getName()) + "'");
    }
    checkNode(node, index++, problems, taken);
  }
  if (config.getNodes().size() > 0 && config.hasResources()) {
    problems.error({"resources"}, "`resources` is for one node, but there are `nodes`",
                   "write resources below each node");
  }
  auto rule = runAsFrom(config);
  if (rule.kind == RunAs::Kind::fixed) checkAccount(rule.fixed, rule.allowRoot, "run_as", problems);
  if (!rule.unknownUser.empty()) {
    checkAccount(rule.unknownUser, rule.allowRoot, "unknown_user", problems);
  }
  auto named = rule.kind == RunAs::Kind::fixed ? findAccount(rule.fixed) : std::nullopt;
  bool other = rule.kind == RunAs::Kind::submitter || (named && named->uid != hostUid);
  if (other && hostUid != 0) {
    auto own = findAccount(hostUid);
    problems.warning({"run_as"},
                     "the host does not run as root but as '" +
                         (own ? own->name : std::to_string(hostUid)) +
                         "': it has to refuse the tasks of every other account",
                     "set run_as: host, or run the host as root (no User= in its systemd unit)");
  }
  if (rule.kind == RunAs::Kind::host && hostUid == 0 && !rule.allowRoot) {
    problems.error({"run_as"}, "the host runs as root, and so would every task",
                   "name an account, or set allow_root: true");
  }
  bool mayBeOpen = true;  // see the schema
  for (auto& problem : http::checkHttp(config.getHttp(), mayBeOpen)) {
    problem.path.insert(problem.path.begin(), "http");
    problems.error(problem.path, problem.message, problem.hint);
  }
  if (auto ca = config.getUris().getCaFile(); ca.size() > 0 && access(ca.cStr(), R_OK) != 0) {
    problems.error({"uris", "ca_file"}, text(ca) + " cannot be read: " + strerror(errno));
  }
}

Settings settingsFrom(LocalConfig::Reader config, const std::string& stateFolder) {
  Settings settings;
  settings.cluster = text(config.getCluster());
  settings.workFolder = text(config.getWorkDirectory());
  if (settings.workFolder.compare(0, 1, "/") != 0) {
    settings.workFolder = stateFolder + "/" + settings.workFolder;
  }
  settings.runAs = runAsFrom(config);
  settings.limitMode = modeFrom(config.getLimits());
  settings.cpuQuota = config.getCpuQuota();
  settings.retention = {
      int64_t(std::min<uint64_t>(config.getRetention().getAge(), 1u << 31)) * 1'000'000'000,
      config.getRetention().getSize()};
  settings.uriBytesMax = config.getUris().getBytesMax();
  settings.uriTimeoutMs = config.getUris().getTimeout();
  for (auto variable : config.getEnvironment()) {
    settings.environment.emplace_back(text(variable.getName()), text(variable.getValue()));
  }
  settings.urlHost = text(config.getUrl().getHost());
  settings.urlPort = config.getUrl().getPort();
  settings.urlSecure = http::isSecure(config.getHttp().getTls());
  settings.uriCaFile = text(config.getUris().getCaFile());
  settings.readMax = config.getReadMax();
  settings.ignoreContainers = config.getContainers() == ContainerMode::IGNORE;
  addNodes(config, settings);
  return settings;
}

}  // namespace maitred::local
