#include "host/runtime/check.h"

#include "host/base/failure.h"
#include "host/log/logs.h"
#include "host/runtime/incarnation.h"
#include "host/runtime/plugin-file.h"

#include <deque>
#include <kj/debug.h>
#include <maitred/async.h>

namespace maitred::host {
namespace {

constexpr size_t workersAtOnce = 4;

// The last words of a worker whose check went wrong; nothing of it reaches the log.
class LastWords final : public InstanceLog {
 public:
  void write(LogLevel, std::string_view message) override { feed(std::string(message) + "\n"); }
  void feed(std::string_view bytes) override {
    text += bytes;
    if (text.size() > maxLineBytes) text.erase(0, text.size() - maxLineBytes);
  }
  void endOfInput() override {}
  std::vector<std::string> lastLines() const override { return {text}; }
  void clearLastLines() override { text.clear(); }

 private:
  std::string text;
};

struct Checker {
  const LoadedConfig& config;
  PluginManifests& plugins;
  LoopIo io;
  CheckOptions options;
  Diagnostics& diagnostics;
  std::deque<const Instance*> waiting;

  // One of `workersAtOnce`: takes from the queue until it is empty.
  Async<void> work() {
    while (!waiting.empty()) {
      const Instance* instance = waiting.front();
      waiting.pop_front();
      co_await ask(*instance).promise().catch_([this, instance](kj::Exception&& e) {
        diagnostics.error("check", config.locate(*instance),
                          "'" + instance->name + "' could not be asked about its config: " +
                              e.getDescription().cStr());
      });
    }
  }

  Async<void> ask(const Instance& instance) {
    Launch launch{options.executable,
                  libraryFile(plugins, instance).path,
                  instance.name,
                  instance.stateDirectory,
                  "",
                  "warning",
                  {}};
    LastWords words;
    auto worker = startWorker(launch, io, words);
    auto plugin = worker->plugin();
    auto request = plugin.checkRequest();
    auto value = instance.config();
    if (!value.isNull()) request.initConfig().set(value);
    auto files = request.initFiles(instance.paths.size());
    for (size_t i = 0; i < instance.paths.size(); ++i) {
      auto path = files[i].initPath(instance.paths[i].path.size());
      for (size_t j = 0; j < path.size(); ++j) path.set(j, instance.paths[i].path[j]);
      files[i].setAbsolute(instance.paths[i].absolute);
    }
    auto late = io.provider.getTimer().afterDelay(options.timeout).then([]() -> kj::Promise<void> {
      return KJ_EXCEPTION(OVERLOADED, "check() did not answer in time");
    });
    std::string how;
    auto answered = request.send().then(
        [&](auto&& answer) { addProblems(diagnostics, config, instance, answer.getProblems()); });
    auto gone = worker->whenGone().then([&](std::string text) { how = std::move(text); });
    kj::Maybe<kj::Exception> fault;
    co_await answered.exclusiveJoin(kj::mv(late)).catch_([&](kj::Exception&& e) {
      fault = kj::mv(e);
    });
    KJ_IF_MAYBE (e, fault) {
      // A crash is told by the way in which it ended and its last words.
      if (e->getType() == kj::Exception::Type::DISCONNECTED) {
        worker->hangUp();
        co_await gone;
        fail("its worker ended: ", how.c_str(), "; it said: ", words.lastLines()[0].c_str());
      }
      kj::throwFatalException(kj::mv(*e));
    }
  }
};

}  // namespace

kj::Promise<void> checkPlugins(const LoadedConfig& config, PluginManifests& plugins,
                               kj::LowLevelAsyncIoProvider& lowLevel, kj::AsyncIoProvider& provider,
                               kj::UnixEventPort& events, CheckOptions options,
                               Diagnostics& diagnostics) {
  auto checker = kj::heap<Checker>(
      Checker{config, plugins, {lowLevel, provider, events}, std::move(options), diagnostics, {}});
  for (const auto& instance : config.instances()) {
    if (!checker->options.which || checker->options.which(instance))
      checker->waiting.push_back(&instance);
  }
  kj::Vector<kj::Promise<void>> workers;
  for (size_t i = 0; i < workersAtOnce; ++i) workers.add(checker->work().promise());
  return kj::joinPromises(workers.releaseAsArray()).attach(kj::mv(checker));
}

void checkPluginsBlocking(const LoadedConfig& config, PluginManifests& plugins,
                          Diagnostics& diagnostics) {
  auto io = kj::setupAsyncIo();
  checkPlugins(config, plugins, *io.lowLevelProvider, *io.provider, io.unixEventPort, {},
               diagnostics)
      .wait(io.waitScope);
}

}  // namespace maitred::host
