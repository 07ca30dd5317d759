#pragma once
// Logging of a plugin. Lines go to the host, which adds the instance's name, writes them as text or
// JSON and keeps the last 200 for the post-mortem. Never log a secret: nothing here masks it.

#include <kj/function.h>
#include <kj/string.h>

#include <atomic>
#include <optional>
#include <string_view>

namespace maitred::log {

enum class Level { debug = 0, info = 1, warning = 2, error = 3 };

const char* levelName(Level level);
std::optional<Level> parseLevel(std::string_view name);

// Takes one finished line. Called on the thread that logs.
using Sink = kj::Function<void(Level level, kj::StringPtr text)>;

// The sink of a worker process: one JSON object a line on standard error.
Sink jsonLinesToStderr();

// Texts are built as kj::str() does: `log.info("placed ", n, " jobs on ", node)`. Below the level
// nothing is built. Use from the loop thread; setLevel() from any.
class Logger {
 public:
  Logger(Sink sink, Level level) : sink(kj::mv(sink)), minimum(level) {}
  KJ_DISALLOW_COPY(Logger);

  template <typename... Params>
  void debug(Params&&... params) {
    write(Level::debug, kj::fwd<Params>(params)...);
  }
  template <typename... Params>
  void info(Params&&... params) {
    write(Level::info, kj::fwd<Params>(params)...);
  }
  template <typename... Params>
  void warning(Params&&... params) {
    write(Level::warning, kj::fwd<Params>(params)...);
  }
  template <typename... Params>
  void error(Params&&... params) {
    write(Level::error, kj::fwd<Params>(params)...);
  }

  template <typename... Params>
  void write(Level level, Params&&... params) {
    if (level >= minimum.load(std::memory_order_relaxed)) {
      sink(level, kj::str(kj::fwd<Params>(params)...));
    }
  }

  Level level() const { return minimum.load(std::memory_order_relaxed); }
  void setLevel(Level level) { minimum.store(level, std::memory_order_relaxed); }

 private:
  Sink sink;
  std::atomic<Level> minimum;
};

}  // namespace maitred::log
