#pragma once
// Which of the two executors runs an instance: the launcher, which looks for progress in what the
// command writes and tells it its settings, or the backend alone.

#include "types.h"

namespace maitred::cook {

struct ExecutorSettings {
  std::string command;  // how clients see the launcher called; empty: there is none
  double portion = 0;   // of the jobs that do not say; 0..1
  std::int64_t retryLimit = 5;  // only so many of the first instances of those; 0 = all
  std::int64_t messageBytesMost = 512;
  std::int64_t sampleIntervalMs = 300'000;
  std::string progressPattern = R"(progress:\s+([0-9]*\.?[0-9]+)($|\s+.*))";
  std::string logLevel = "INFO";
  Pairs environment;
  bool operator==(const ExecutorSettings&) const = default;
};

// How clients call it; empty for `unknown`.
const char* name(Executor executor);
std::optional<Executor> executorOf(std::string_view name);

// As Java makes it: the halves' halves, each xor the other.
std::int32_t javaHash(const Uuid& id);

// `asked` is what the job says, `unknown` if nothing; `earlier` is how many instances it had.
Executor chooseExecutor(const ExecutorSettings& settings, Executor asked, const Uuid& job,
                        std::int64_t earlier);

}  // namespace maitred::cook
