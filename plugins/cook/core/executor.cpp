#include "executor.h"

namespace maitred::cook {

const char* name(Executor executor) {
  switch (executor) {
    case Executor::cook:
      return "cook";
    case Executor::mesos:
      return "mesos";
    case Executor::unknown:
      break;
  }
  return "";
}

std::optional<Executor> executorOf(std::string_view name) {
  if (name == "cook") return Executor::cook;
  if (name == "mesos") return Executor::mesos;
  return std::nullopt;
}

std::int32_t javaHash(const Uuid& id) {
  std::uint64_t both = id.high ^ id.low;
  return static_cast<std::int32_t>(static_cast<std::uint32_t>(both >> 32) ^
                                   static_cast<std::uint32_t>(both));
}

Executor chooseExecutor(const ExecutorSettings& settings, Executor asked, const Uuid& job,
                        std::int64_t earlier) {
  if (settings.command.empty() || asked == Executor::mesos) return Executor::mesos;
  if (asked == Executor::cook) return Executor::cook;
  if (settings.retryLimit != 0 && earlier >= settings.retryLimit) return Executor::mesos;
  std::int32_t place = javaHash(job) % 100;
  if (place < 0) place += 100;
  return settings.portion * 100 > place ? Executor::cook : Executor::mesos;
}

}  // namespace maitred::cook
