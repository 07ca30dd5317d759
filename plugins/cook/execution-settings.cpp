#include "execution-settings.h"

#include <set>

namespace maitred::cook {

ExecutionSettings executionOf(CookConfig::Reader config) {
  ExecutionSettings settings;
  auto executor = config.getExecutor();
  auto& its = settings.executor;
  its.command = executor.getCommand().cStr();
  its.portion = executor.getPortion();
  its.retryLimit = executor.getRetryLimit();
  its.messageBytesMost = executor.getMaxMessageLength();
  its.sampleIntervalMs = static_cast<std::int64_t>(executor.getProgressSampleInterval());
  its.progressPattern = executor.getDefaultProgressRegexString().cStr();
  its.logLevel = executor.getLogLevel().cStr();
  for (auto one : executor.getEnvironment()) {
    its.environment.emplace_back(one.getName().cStr(), one.getValue().cStr());
  }
  settings.killGraceMs = static_cast<std::uint32_t>(executor.getKillGrace());
  auto checkpoint = config.getCheckpoint();
  settings.checkpoint.disabled = checkpoint.getDisabled();
  settings.checkpoint.attemptsMost = checkpoint.getMaxAttempts();
  for (auto pool : checkpoint.getPools()) settings.checkpoint.pools.emplace_back(pool.cStr());
  return settings;
}

void checkExecution(CookConfig::Reader config, std::vector<ConfigFault>& faults) {
  std::set<std::string> known;
  for (auto pool : config.getPools()) known.insert(pool.getName().cStr());
  auto named = config.getCheckpoint().getPools();
  for (uint i = 0; i < named.size(); ++i) {
    if (known.contains(named[i].cStr())) continue;
    faults.push_back({{"checkpoint", "pools", std::to_string(i)},
                      "there is no pool '" + std::string(named[i].cStr()) + "'",
                      "name one of `pools`"});
  }
}

}  // namespace maitred::cook
