#include "launch-message.h"

#include "files/files-endpoint.h"
#include "shim/record-files.h"

namespace maitred::local {

namespace {

std::string addressOf(const Settings& settings, const std::string& nodeId) {
  for (auto& node : settings.nodes) {
    if (node.facts.id == nodeId) return node.address;
  }
  return "127.0.0.1";
}

bool limited(const CgroupPlace& place) {
  return place.kind == LimitKind::v1 || place.kind == LimitKind::v2;
}

std::string groupName(const backend::TaskKey& key) {
  return "/" + key.consumer + "." + key.taskId;
}

void writeLimits(const LaunchParts& parts, const TaskFacts& facts, Limits::Builder limits) {
  auto& spec = *parts.order.spec;
  auto amounts = facts.resources;
  if (spec.hasLimits()) {
    auto own = backend::read(spec.getLimits());
    if (own.memoryBytes > 0) amounts.memoryBytes = own.memoryBytes;
    if (own.cpuMillis > 0) amounts.cpuMillis = own.cpuMillis;
    if (own.diskBytes > 0) amounts.diskBytes = own.diskBytes;
  }
  limits.setMemoryBytes(amounts.memoryBytes);
  limits.setCpuMillis(amounts.cpuMillis);
  if (parts.cgroups.kind != LimitKind::none) limits.setDiskBytes(amounts.diskBytes);
  limits.setCpuQuota(parts.settings.cpuQuota);
  switch (parts.cgroups.kind) {
    case LimitKind::none:
      limits.setKind(Limits::Kind::NONE);
      break;
    case LimitKind::watch:
      limits.setKind(Limits::Kind::WATCH);
      break;
    case LimitKind::v1:
      limits.setKind(Limits::Kind::V1);
      break;
    case LimitKind::v2:
      limits.setKind(Limits::Kind::V2);
      break;
  }
  if (!limited(parts.cgroups)) return;
  limits.setMemoryFolder((parts.cgroups.memoryBase + groupName(facts.key)).c_str());
  if (!parts.cgroups.cpuBase.empty()) {
    limits.setCpuFolder((parts.cgroups.cpuBase + groupName(facts.key)).c_str());
  }
}

void writeProbe(backend::TaskSpec::Reader spec, const TaskFacts& facts, Probe::Builder out) {
  if (!spec.hasProbe()) return;
  auto probe = spec.getProbe();
  auto check = probe.getCheck();
  if (check.isTcp()) out.setKind(Probe::Kind::TCP);
  if (check.isHttpPath()) {
    out.setKind(Probe::Kind::HTTP);
    out.setTarget(check.getHttpPath());
  }
  if (check.isCommand()) {
    out.setKind(Probe::Kind::COMMAND);
    out.setTarget(check.getCommand());
  }
  out.setHost(facts.address.c_str());
  for (auto& endpoint : facts.endpoints) {
    if (probe.getPortName().size() == 0 || endpoint.name == probe.getPortName().cStr()) {
      out.setPort(endpoint.port);
      break;
    }
  }
  out.setIntervalMs(probe.getIntervalMs());
  out.setTimeoutMs(probe.getTimeoutMs());
  out.setGraceMs(probe.getGraceMs());
  out.setFailuresMax(probe.getFailuresMax());
}

void writeCommand(backend::TaskSpec::Reader spec, Launch::Builder launch) {
  if (spec.getCommand().isShell()) {
    launch.getCommand().setShell(spec.getCommand().getShell());
  } else {
    launch.getCommand().setArgv(spec.getCommand().getArgv());
  }
}

void writeAccount(const AccountChoice& choice, Account::Builder account) {
  account.setChange(choice.change);
  account.setName(choice.account.name.c_str());
  account.setUid(choice.account.uid);
  account.setGid(choice.account.gid);
  auto groups = account.initGroups(uint(choice.account.groups.size()));
  for (uint i = 0; i < groups.size(); ++i) groups.set(i, choice.account.groups[i]);
}

}  // namespace

void addSandbox(const Settings& settings, TaskFacts& facts) {
  facts.sandboxPath = settings.workFolder + "/tasks/" + facts.key.text() + "/" + SANDBOX;
  if (settings.urlPort == 0) return;
  facts.sandboxUrl = sandboxUrl(settings.urlSecure,
                                settings.urlHost.empty() ? facts.address : settings.urlHost,
                                settings.urlPort, facts.sandboxPath);
}

TaskFacts factsOf(const LaunchParts& parts) {
  TaskFacts facts;
  facts.key = parts.order.key;
  facts.nodeId = parts.order.nodeId;
  facts.pool = parts.order.pool;
  facts.address = addressOf(parts.settings, facts.nodeId);
  facts.resources = backend::read(parts.order.spec->getResources());
  for (auto& port : parts.order.ports) {
    facts.endpoints.push_back({port.name, facts.address, port.port});
  }
  facts.digestHex = parts.order.digestHex;
  facts.account = parts.account.account.name;
  facts.bootId = parts.bootId;
  facts.acceptedAt = parts.now;
  if (limited(parts.cgroups)) {
    facts.cgroups.push_back(parts.cgroups.memoryBase + groupName(facts.key));
    if (!parts.cgroups.cpuBase.empty() && parts.cgroups.cpuBase != parts.cgroups.memoryBase) {
      facts.cgroups.push_back(parts.cgroups.cpuBase + groupName(facts.key));
    }
  }
  addSandbox(parts.settings, facts);
  return facts;
}

void writeLaunch(const LaunchParts& parts, const TaskFacts& facts, uint64_t token,
                 Launch::Builder launch) {
  auto& spec = *parts.order.spec;
  launch.setToken(token);
  launch.setWorkFolder(parts.settings.workFolder.c_str());
  writeFacts(facts, launch.initRecord());
  writeCommand(spec, launch);
  auto variables = environmentOf(parts.settings.environment, spec, parts.order.ports,
                                 facts.sandboxPath, facts.account);
  auto environment = launch.initEnvironment(uint(variables.size()));
  for (uint i = 0; i < variables.size(); ++i) {
    environment[i].setName(variables[i].first.c_str());
    environment[i].setValue(variables[i].second.c_str());
  }
  launch.setFiles(spec.getFiles());
  launch.setUris(spec.getUris());
  writeAccount(parts.account, launch.initAccount());
  writeLimits(parts, facts, launch.initLimits());
  launch.setKillGraceMs(spec.getKillGraceMs());
  launch.setRunMaxMs(spec.getRunMaxMs());
  launch.setBeatMs(parts.settings.beatMs);
  launch.initFetch().setBytesMax(parts.settings.uriBytesMax);
  launch.getFetch().setTimeoutMs(parts.settings.uriTimeoutMs);
  launch.getFetch().setCaFile(parts.settings.uriCaFile.c_str());
  writeProbe(spec, facts, launch.initProbe());
  if (spec.hasProgress()) launch.setProgress(spec.getProgress());
}

}  // namespace maitred::local
