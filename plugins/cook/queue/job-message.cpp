#include "job-message.h"

#include <backend/translate.h>

#include <capnp/serialize.h>

namespace maitred::cook {
namespace {

template <typename List>
void writeVariables(const Pairs& pairs, List list) {
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    list[i].setName(pairs[i].first);
    list[i].setValue(pairs[i].second);
  }
}

template <typename List>
std::vector<Pairs::value_type> readVariables(List list) {
  std::vector<Pairs::value_type> pairs;
  for (auto one : list) pairs.emplace_back(text(one.getName()), text(one.getValue()));
  return pairs;
}

}  // namespace

void writeJobSpec(const JobSpec& spec, queue::JobSpec::Builder out) {
  out.setId(spec.id.text());
  out.setUser(spec.user);
  out.setName(spec.name);
  out.setCommand(spec.command);
  out.setCpus(spec.cpus);
  out.setMemMib(spec.mem);
  out.setMaxRetries(spec.maxRetries);
  out.setPriority(spec.priority);
  out.setMaxRuntimeMs(spec.maxRuntimeMs == JobSpec::NO_RUNTIME_LIMIT ? 0 : spec.maxRuntimeMs);
  writeVariables(spec.environment, out.initEnvironment(spec.environment.size()));
  writeVariables(spec.labels, out.initLabels(spec.labels.size()));
  out.setPool(spec.pool);
  out.setPorts(spec.ports);
  auto uris = out.initUris(spec.uris.size());
  for (std::size_t i = 0; i < spec.uris.size(); ++i) {
    uris[i].setLocation(spec.uris[i].value);
    uris[i].setExecutable(spec.uris[i].executable);
    uris[i].setExtract(spec.uris[i].extract);
    uris[i].setCache(spec.uris[i].cache);
  }
  out.setDisableMeaCulpaRetries(spec.disableMeaCulpa);
}

JobSpec readJobSpec(queue::JobSpec::Reader in, const Uuid& id) {
  JobSpec spec;
  spec.id = id;
  spec.user = text(in.getUser());
  spec.name = text(in.getName());
  spec.command = text(in.getCommand());
  spec.cpus = in.getCpus();
  spec.mem = in.getMemMib();
  spec.maxRetries = std::max<std::int64_t>(1, in.getMaxRetries());
  spec.priority = in.getPriority();
  if (in.getMaxRuntimeMs() != 0 &&
      in.getMaxRuntimeMs() < std::uint64_t(JobSpec::NO_RUNTIME_LIMIT)) {
    spec.maxRuntimeMs = static_cast<std::int64_t>(in.getMaxRuntimeMs());
  }
  spec.environment = readVariables(in.getEnvironment());
  spec.labels = readVariables(in.getLabels());
  spec.submitPool = text(in.getPool());
  spec.ports = in.getPorts();
  for (auto uri : in.getUris()) {
    spec.uris.push_back(
        {text(uri.getLocation()), uri.getExecutable(), uri.getExtract(), uri.getCache()});
  }
  spec.disableMeaCulpa = in.getDisableMeaCulpaRetries();
  return spec;
}

void writeInstance(const Instance& one, queue::Instance::Builder out) {
  out.setTaskId(one.taskId.text());
  out.setState(static_cast<queue::InstanceState>(one.status));
  out.setCluster(one.cluster);
  out.setNodeId(one.nodeId);
  out.setHostname(one.hostname);
  out.setStartedAt(one.startMs);
  out.setRunningAt(one.runningMs);
  out.setEndedAt(one.endMs);
  out.setHasExitCode(one.exitCode.has_value());
  out.setExitCode(one.exitCode.value_or(0));
  out.setReasonCode(one.reason);
  out.setSandboxUrl(one.sandboxUrl);
}

void writeCandidate(const JobSpec& spec, queue::Candidate::Builder out) {
  writeJobSpec(spec, out.initJob());
  out.setSubmitPool(spec.submitPool);
  if (spec.group) out.setGroup(spec.group->text());
  out.setGpus(spec.gpus);
}

JobSpec amended(const JobSpec& spec, queue::JobSpec::Reader change) {
  JobSpec told = readJobSpec(change, spec.id);
  JobSpec result = spec;
  result.name = std::move(told.name);
  result.command = std::move(told.command);
  result.cpus = told.cpus;
  result.mem = told.mem;
  result.maxRetries = told.maxRetries;
  result.priority = told.priority;
  result.maxRuntimeMs = told.maxRuntimeMs;
  result.environment = std::move(told.environment);
  result.labels = std::move(told.labels);
  result.pool = told.submitPool;  // where readJobSpec() puts the pool
  result.ports = told.ports;
  result.uris = std::move(told.uris);
  result.disableMeaCulpa = told.disableMeaCulpa;
  return result;
}

std::uint64_t digestOf(const JobSpec& spec) {
  capnp::MallocMessageBuilder message;
  writeCandidate(spec, message.initRoot<queue::Candidate>());
  auto words = capnp::messageToFlatArray(message);
  std::uint64_t hash = 0xcbf29ce484222325ull;
  for (kj::byte one : words.asBytes()) hash = (hash ^ one) * 0x100000001b3ull;
  return hash;
}

std::size_t bytesInMessage(const JobSpec& spec) {
  std::size_t bytes = 512 + spec.name.size() + spec.command.size();
  for (const auto* pairs : {&spec.environment, &spec.labels}) {
    for (const auto& [name, value] : *pairs) bytes += name.size() + value.size() + 32;
  }
  for (const Uri& uri : spec.uris) bytes += uri.value.size() + 40;
  return bytes;
}

}  // namespace maitred::cook
