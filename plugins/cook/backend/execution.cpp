#include "execution.h"

#include "translate.h"

#include <store/containers.h>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>

namespace maitred::cook {
namespace {

using nlohmann::json;

constexpr const char* FILE_VARIABLE = "EXECUTOR_PROGRESS_OUTPUT_FILE";
constexpr const char* FILE_VARIABLE_NAME = "EXECUTOR_PROGRESS_OUTPUT_FILE_ENV";

// Most jobs have none of these fields.
json wishesOf(const JobSpec& spec) {
  return spec.extra.empty() ? json::object() : json::parse(spec.extra);
}

std::string textOf(const json& object, const char* key) {
  auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

// Empty where it is not there or of another kind than submissions let pass.
json memberOf(const json& object, const char* key, json::value_t kind) {
  auto found = object.find(key);
  return found != object.end() && found->type() == kind ? *found : json(kind);
}
json objectOf(const json& object, const char* key) {
  return memberOf(object, key, json::value_t::object);
}
json listOf(const json& object, const char* key) {
  return memberOf(object, key, json::value_t::array);
}
std::int64_t numberOf(const json& object, const char* key) {
  auto found = object.find(key);
  return found != object.end() && found->is_number_integer() ? found->get<std::int64_t>() : 0;
}

using Variables = std::map<std::string, std::string>;

void addCheckpoint(const json& wishes, Variables& all) {
  if (!wishes.contains("checkpoint")) return;
  json checkpoint = objectOf(wishes, "checkpoint");
  all["COOK_CHECKPOINT_MODE"] = textOf(checkpoint, "mode");
  std::vector<std::string> sorted;
  for (const json& path : listOf(objectOf(checkpoint, "options"), "preserve-paths")) {
    if (path.is_string()) sorted.push_back(path);
  }
  std::sort(sorted.begin(), sorted.end());
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    all["COOK_CHECKPOINT_PRESERVE_PATH_" + std::to_string(i)] = sorted[i];
  }
  std::int64_t period = numberOf(objectOf(checkpoint, "periodic-options"), "period-sec");
  if (period > 0) all["COOK_CHECKPOINT_PERIOD_SEC"] = std::to_string(period);
}

// Which file the instance writes its progress to: the job may say it outright, or by a variable
// whose name is a variable too.
std::string addProgressFile(const json& wishes, const Instance& instance, Variables& all) {
  std::string file = textOf(wishes, "progress_output_file");
  std::string variable = FILE_VARIABLE;
  if (!file.empty()) {
    all[FILE_VARIABLE_NAME] = variable;
  } else if (auto named = all.find(FILE_VARIABLE_NAME); named != all.end()) {
    bool isName = !named->second.empty() && named->second.find('=') == std::string::npos;
    if (isName) variable = named->second;
  }
  if (file.empty()) file = all[variable];
  if (file.empty()) file = instance.taskId.text() + ".progress";
  all[variable] = file;
  return file;
}

std::string patternOf(const json& wishes, const ExecutorSettings& settings) {
  std::string own = textOf(wishes, "progress_regex_string");
  return own.empty() ? settings.progressPattern : own;
}

struct Prepared {
  Variables environment;
  std::string progressFile, pattern;  // empty: nobody looks for progress
};

Prepared prepare(const Job& job, const Instance& instance, const ExecutionSettings& settings,
                 const json& wishes) {
  const JobSpec& spec = job.spec;
  Prepared out;
  Variables& all = out.environment;
  bool launcher = instance.executor == Executor::cook;
  for (const auto& [name, value] : spec.environment) all[name] = value;
  if (launcher) {
    const ExecutorSettings& its = settings.executor;
    for (const auto& [name, value] : its.environment) all[name] = value;
    all["EXECUTOR_LOG_LEVEL"] = its.logLevel;
    all["EXECUTOR_MAX_MESSAGE_LENGTH"] = std::to_string(its.messageBytesMost);
    all["PROGRESS_SAMPLE_INTERVAL_MS"] = std::to_string(its.sampleIntervalMs);
    out.pattern = all["PROGRESS_REGEX_STRING"] = patternOf(wishes, its);
    out.progressFile = addProgressFile(wishes, instance, all);
  }
  if (mayCheckpoint(settings.checkpoint, job, instance.number)) addCheckpoint(wishes, all);
  all["COOK_JOB_UUID"] = spec.id.text();
  all["COOK_INSTANCE_UUID"] = instance.taskId.text();
  all["COOK_INSTANCE_NUM"] = std::to_string(instance.number);
  all["COOK_JOB_CPUS"] = decimal(spec.cpus);
  all["COOK_JOB_MEM_MB"] = decimal(spec.mem);
  // They say something by being there, so a job cannot make them up.
  all.erase("COOK_JOB_GROUP_UUID");
  all.erase("COOK_JOB_GPUS");
  if (spec.group) all["COOK_JOB_GROUP_UUID"] = spec.group->text();
  if (spec.gpus > 0) all["COOK_JOB_GPUS"] = decimal(spec.gpus);
  return out;
}

void writeContainer(const Container& from, backend::Container::Builder out) {
  out.setKind(from.isDocker() ? "docker" : "mesos");
  out.setImage(from.image);
  out.setNetwork(from.network);
  out.setPull(from.forcePull ? backend::Pull::ALWAYS : backend::Pull::IF_MISSING);
  auto parameters = out.initParameters(from.parameters.size());
  for (uint i = 0; i < parameters.size(); ++i) {
    parameters[i].setName(from.parameters[i].first);
    parameters[i].setValue(from.parameters[i].second);
  }
  auto ports = out.initPortMappings(from.ports.size());
  for (uint i = 0; i < ports.size(); ++i) {
    ports[i].setHostPort(static_cast<std::uint16_t>(from.ports[i].hostPort));
    ports[i].setContainerPort(static_cast<std::uint16_t>(from.ports[i].containerPort));
    ports[i].setProtocol(from.ports[i].protocol);
  }
  auto volumes = out.initVolumes(from.volumes.size());
  for (uint i = 0; i < volumes.size(); ++i) {
    const Container::Volume& volume = from.volumes[i];
    volumes[i].setSource(volume.hostPath);
    volumes[i].setTarget(volume.containerPath.empty() ? volume.hostPath : volume.containerPath);
    volumes[i].setReadOnly(volume.mode == "RO");
  }
}

}  // namespace

Executor askedExecutor(const JobSpec& spec) {
  if (spec.extra.empty()) return Executor::unknown;
  return executorOf(textOf(wishesOf(spec), "executor")).value_or(Executor::unknown);
}

Pairs environmentOf(const Job& job, const Instance& instance, const ExecutionSettings& settings) {
  auto all = prepare(job, instance, settings, wishesOf(job.spec)).environment;
  return {all.begin(), all.end()};
}

void writeExecution(const Job& job, const Instance& instance, const ExecutionSettings& settings,
                    backend::TaskSpec::Builder out) {
  json wishes = wishesOf(job.spec);
  Prepared prepared = prepare(job, instance, settings, wishes);
  auto environment = out.initEnvironment(prepared.environment.size());
  uint i = 0;
  for (const auto& [name, value] : prepared.environment) {
    environment[i].setName(name);
    environment[i++].setValue(value);
  }
  if (!prepared.pattern.empty()) {
    auto rule = out.initProgress();
    rule.setPattern(prepared.pattern);
    rule.setFile(prepared.progressFile);
    rule.setMessageBytesMax(static_cast<std::uint32_t>(settings.executor.messageBytesMost));
    rule.setIntervalMs(static_cast<std::uint32_t>(settings.executor.sampleIntervalMs));
  }
  if (auto container = containerOf(job.spec.extra)) {
    writeContainer(*container, out.initContainer());
  }
  out.setKillGraceMs(settings.killGraceMs);
}

}  // namespace maitred::cook
