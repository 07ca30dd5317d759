#pragma once
// Logs: the host's log, and the one of every instance. Text or JSON lines to standard error or a
// file; a level per instance that can be changed while running; the last lines of each instance are
// kept for the post-mortem. Loop thread only.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace maitred::host {

enum class LogLevel { debug, info, warning, error };
const char* nameOf(LogLevel level);
// Throws kj::Exception naming the allowed words if `word` is none of them. "warn" is taken as
// "warning".
LogLevel logLevelOf(std::string_view word);

enum class LogFormat { text, json };

struct LogOptions {
  LogLevel level = LogLevel::info;
  LogFormat format = LogFormat::text;
  std::string file;  // empty = standard error; the folder must exist
};

// Where one instance's lines go. Lives as long as the Logs that made it.
class InstanceLog {
 public:
  static constexpr size_t keptLines = 200;
  static constexpr size_t maxLineBytes = 16 * 1024;  // a longer line is cut, with a mark

  virtual ~InstanceLog() = default;

  virtual void write(LogLevel level, std::string_view message) = 0;
  void debug(std::string_view message) { write(LogLevel::debug, message); }
  void info(std::string_view message) { write(LogLevel::info, message); }
  void warning(std::string_view message) { write(LogLevel::warning, message); }
  void error(std::string_view message) { write(LogLevel::error, message); }

  // Bytes of a worker's standard error, in pieces as they come. A full line is either a JSON object
  // {"ts":…, "level":"info", "msg":"…", "thread":…} of the SDK's logger, or anything else (a
  // library's own print-out, a sanitizer's report), which is taken as text of level warning.
  virtual void feed(std::string_view bytes) = 0;
  // The worker is gone: a last line without an end counts as well.
  virtual void endOfInput() = 0;

  // At most keptLines lines, oldest first, of every level, also those which the level kept out of
  // the log.
  virtual std::vector<std::string> lastLines() const = 0;
  // Forgets them: a new worker begins.
  virtual void clearLastLines() = 0;
};

class Logs {
 public:
  // Throws kj::Exception if the file cannot be opened for appending.
  explicit Logs(LogOptions options);
  ~Logs();
  Logs(const Logs&) = delete;

  InstanceLog& host();                           // the host's own lines, shown as "host"
  InstanceLog& instance(std::string_view name);  // made on first use

  // InstanceLog::lastLines() of one; "" is the host. An unknown instance is a kj::Exception.
  std::vector<std::string> lastLines(std::string_view instance) const;

  // Level of an instance; "" is the host. An unknown instance is a kj::Exception that names the
  // known ones.
  LogLevel level(std::string_view instance) const;
  void setLevel(std::string_view instance, LogLevel level);
  // Of everything at once, also of instances to come: what a reload does. Levels set by name are
  // overruled.
  void setDefaultLevel(LogLevel level);
  // Forgets an instance that left the configuration.
  void remove(std::string_view instance);

  // Closes the file and opens its path anew, after somebody renamed it. On failure the old one
  // stays in use and kj::Exception is thrown. Nothing to do for standard error.
  void reopen();

  // Lines written since the start, by level: for the metrics.
  uint64_t written(LogLevel level) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl;
};

}  // namespace maitred::host
