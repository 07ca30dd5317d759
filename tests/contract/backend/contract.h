#pragma once
// The fixture of the suite: a backend's plugin, started from its .so as the host starts it, inline
// or in a process of its own.
//
// A task's spec says what it does twice: as a shell command for backends that run processes, and as
// SIM_… variables for those that only pretend.

#include "consumer.h"

#include <maitred/testing/harness.h>

#include <memory>

namespace maitred::backend {

struct Candidate {
  const char* name;
  const char* library;
  void (*configure)(testing::PluginUnderTest& plugin);
  bool remembers;  // its tasks outlive the backend's process
};
const std::vector<Candidate>& candidates();

using Case = std::tuple<Candidate, testing::Isolation>;
std::string nameOfCase(const ::testing::TestParamInfo<Case>& info);

class BackendContract : public ::testing::TestWithParam<Case> {
 protected:
  BackendContract() { start(); }
  ~BackendContract() override;

  void start();
  Backend::Client backend() { return plugin->provided<Backend>(); }
  TestConsumer consumer(std::string name, uint64_t fence = 0) {
    return TestConsumer(io, backend(), std::move(name), fence);
  }
  bool has(Feature feature);
  const Candidate& candidate() const { return std::get<0>(GetParam()); }

  // Runs for that long, then exits.
  static TestConsumer::Specify work(uint64_t ms, int exit = 0);
  static void set(TaskSpec::Builder spec,
                  std::vector<std::pair<std::string, std::string>> variables);
  // The type of what it throws; nothing if it does not.
  template <typename F>
  std::optional<kj::Exception::Type> failure(F&& f) {
    KJ_IF_MAYBE (exception, kj::runCatchingExceptions(f)) return exception->getType();
    return std::nullopt;
  }

  // By pointer, since a fixture's destructor must not throw.
  std::unique_ptr<kj::AsyncIoContext> context =
      std::make_unique<kj::AsyncIoContext>(kj::setupAsyncIo());
  kj::AsyncIoContext& io = *context;
  testing::TemporaryDirectory directory;
  std::unique_ptr<testing::PluginUnderTest> plugin;
};

}  // namespace maitred::backend
