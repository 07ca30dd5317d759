#include "task-facts.h"

#include "capnp-text.h"

namespace maitred::local {

TaskFacts factsFrom(Record::Reader record) {
  TaskFacts facts;
  facts.key = {text(record.getConsumer()), text(record.getTaskId())};
  facts.nodeId = text(record.getNodeId());
  facts.address = text(record.getAddress());
  facts.pool = text(record.getPool());
  facts.resources = backend::read(record.getResources());
  for (auto endpoint : record.getEndpoints()) {
    facts.endpoints.push_back(
        {text(endpoint.getName()), text(endpoint.getHost()), endpoint.getPort()});
  }
  facts.digestHex = text(record.getDigest());
  facts.account = text(record.getAccount());
  facts.bootId = text(record.getBootId());
  facts.acceptedAt = record.getAcceptedAt();
  facts.startedAt = record.getStartedAt();
  facts.shimPid = record.getShimPid();
  facts.shimStart = record.getShimStart();
  for (auto folder : record.getCgroups()) facts.cgroups.push_back(text(folder));
  return facts;
}

void writeFacts(const TaskFacts& facts, Record::Builder record) {
  record.setConsumer(facts.key.consumer.c_str());
  record.setTaskId(facts.key.taskId.c_str());
  record.setNodeId(facts.nodeId.c_str());
  record.setAddress(facts.address.c_str());
  record.setPool(facts.pool.c_str());
  backend::write(facts.resources, record.initResources());
  auto endpoints = record.initEndpoints(uint(facts.endpoints.size()));
  for (uint i = 0; i < facts.endpoints.size(); ++i) {
    endpoints[i].setName(facts.endpoints[i].name.c_str());
    endpoints[i].setHost(facts.endpoints[i].host.c_str());
    endpoints[i].setPort(facts.endpoints[i].port);
  }
  record.setDigest(facts.digestHex.c_str());
  record.setAccount(facts.account.c_str());
  record.setBootId(facts.bootId.c_str());
  record.setAcceptedAt(facts.acceptedAt);
  record.setStartedAt(facts.startedAt);
  auto cgroups = record.initCgroups(uint(facts.cgroups.size()));
  for (uint i = 0; i < facts.cgroups.size(); ++i) cgroups.set(i, facts.cgroups[i].c_str());
}

EndFactsOnDisk endFrom(Ended::Reader ended) {
  EndFactsOnDisk end;
  end.ending.state = ended.getState();
  end.ending.reason = ended.getReason();
  end.ending.message = text(ended.getMessage());
  if (ended.getExit().isCode()) end.ending.code = ended.getExit().getCode();
  if (ended.getExit().isSignal()) end.ending.signal = ended.getExit().getSignal();
  end.at = ended.getAt();
  end.startedAt = ended.getStartedAt();
  end.commandStarted = ended.getCommandStarted();
  if (ended.hasProgress()) end.progress = backend::read(ended.getProgress());
  return end;
}

backend::Status statusOf(const TaskFacts& facts) {
  backend::Status status;
  status.commandStarted = facts.startedAt != 0;
  status.state = status.commandStarted ? backend::TaskState::RUNNING : backend::TaskState::STARTING;
  status.at = status.commandStarted ? facts.startedAt : facts.acceptedAt;
  status.nodeId = status.hostname = facts.nodeId;
  status.endpoints = facts.endpoints;
  status.sandboxPath = facts.sandboxPath;
  status.sandboxUrl = facts.sandboxUrl;
  status.progress = facts.progress;
  return status;
}

backend::Status statusOf(const TaskFacts& facts, const EndFactsOnDisk& end) {
  auto status = statusOf(facts);
  status.state = end.ending.state;
  status.reason = end.ending.reason;
  status.message = end.ending.message;
  status.at = end.at;
  status.exitCode = end.ending.code;
  status.exitSignal = end.ending.signal;
  status.commandStarted = end.commandStarted;
  if (end.progress) status.progress = end.progress;
  return status;
}

std::vector<backend::PortGrant> grantsOf(const TaskFacts& facts) {
  std::vector<backend::PortGrant> grants;
  for (auto& endpoint : facts.endpoints) grants.push_back({endpoint.name, endpoint.port});
  return grants;
}

}  // namespace maitred::local
