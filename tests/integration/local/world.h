#pragma once
// A local backend in a temporary folder, and a consumer that records what it is told. Real
// processes.

#include "runner.h"

#include <maitred/backend/spec.h>

#include <capnp/message.h>
#include <kj/async-io.h>

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace maitred::local::test {

// Removed with all that is in it.
class TempFolder {
 public:
  TempFolder();
  ~TempFolder();
  std::string path;
};

std::string contents(const std::string& path);
bool processLives(pid_t pid);
// The first of so many free neighbours on 127.0.0.1, below the ports that the system hands out to
// others meanwhile.
uint16_t quietPorts(uint16_t count);

// One node `n1` of 8 cpus and 8 GiB; tasks run as the host, root or not.
Settings settingsFor(const std::string& workFolder);

class World {
 public:
  explicit World(Settings settings, const std::string& consumer = "queue");
  ~World() noexcept;

  using Fill = std::function<void(backend::TaskSpec::Builder)>;
  // Launches and returns the refusal, or nothing if it was taken (or is known).
  std::optional<backend::Rejection> launch(
      const std::string& id, const std::string& shell, Fill fill = [](auto) {});
  void kill(const std::string& id, uint32_t graceMs, bool preempted = false);
  kj::Promise<void> signal(const std::string& id, uint8_t number);

  // The newest status of that state or of any terminal state; fails after `seconds`.
  backend::Status waitFor(const std::string& id, backend::TaskState state, int seconds = 20);
  backend::Status end(const std::string& id, int seconds = 20);
  void waitUntil(const std::function<bool()>& condition, const char* what, int seconds = 20);
  std::string output(const std::string& id, const char* file = "stdout");
  std::string sandboxOf(const std::string& id);

  kj::AsyncIoContext io = kj::setupAsyncIo();
  Settings settings;
  kj::Own<Context> context;
  kj::Own<LocalRunner> runner;
  std::map<std::string, std::vector<backend::Status>> told;
  std::map<std::string, uint64_t> room;  // node -> free memory
  backend::Session::Client session = nullptr;
  bool acknowledge = true;  // false: batches with an end stay unanswered
};

}  // namespace maitred::local::test
