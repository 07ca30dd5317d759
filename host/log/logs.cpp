#include "logs.h"

#include "host/config/names.h"
#include "host/base/failure.h"
#include "log-file.h"
#include "worker-line.h"

#include <nlohmann/json.hpp>
#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>

#include <array>
#include <cmath>
#include <deque>
#include <map>

namespace maitred::host {

namespace {

constexpr const char* levelNames[] = {"debug", "info", "warning", "error"};
constexpr const char* textPattern = "%Y-%m-%dT%H:%M:%S.%eZ %-7l %-10n %v";
// The message arrives as JSON members already, since spdlog's patterns do not escape.
constexpr const char* jsonPattern =
    R"({"ts":"%Y-%m-%dT%H:%M:%S.%fZ","level":"%l","instance":"%n",%v})";

spdlog::level::level_enum toSpdlog(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return spdlog::level::debug;
    case LogLevel::info:
      return spdlog::level::info;
    case LogLevel::warning:
      return spdlog::level::warn;
    case LogLevel::error:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

class OneInstance final : public InstanceLog {
 public:
  OneInstance(std::string name, LogLevel level, LogFormat format, std::shared_ptr<LogFile> file,
              std::array<uint64_t, 4>& written)
      : level(level),
        format(format),
        logger(std::move(name), std::move(file)),
        written(written),
        splitter(maxLineBytes) {
    logger.set_level(
        spdlog::level::trace);  // filtered here: the last lines are kept of every level
  }

  void write(LogLevel at, std::string_view message) override {
    emit({at, std::string(message), std::nullopt, ""});
  }
  void feed(std::string_view bytes) override {
    splitter.feed(bytes, [this](std::string_view line) { emit(parseWorkerLine(line)); });
  }
  void endOfInput() override {
    splitter.finish([this](std::string_view line) { emit(parseWorkerLine(line)); });
  }
  std::vector<std::string> lastLines() const override { return {last.begin(), last.end()}; }
  void clearLastLines() override { last.clear(); }

  LogLevel level;
  bool known = true;  // false: left the configuration

 private:
  void emit(const WorkerLine& line) {
    auto text = printable(std::string_view(line.text).substr(0, maxLineBytes));
    last.push_back(std::string(levelNames[static_cast<int>(line.level)]) + ": " + text);
    if (last.size() > keptLines) last.pop_front();
    if (line.level < level) return;
    ++written[static_cast<int>(line.level)];
    std::string shown = text;
    if (format == LogFormat::json) {
      shown = "\"msg\":" + nlohmann::json(text).dump();
      if (!line.thread.empty()) {
        shown += ",\"thread\":" + nlohmann::json(printable(line.thread)).dump();
      }
    }
    logger.log(timeOf(line), spdlog::source_loc{}, toSpdlog(line.level),
               spdlog::string_view_t(shown.data(), shown.size()));
  }

  // A line's own time, unless it is absurd.
  static spdlog::log_clock::time_point timeOf(const WorkerLine& line) {
    auto now = spdlog::log_clock::now();
    if (!line.time) return now;
    double seconds = std::chrono::duration<double>(now.time_since_epoch()).count();
    if (!(std::abs(*line.time - seconds) < 3600)) return now;
    auto own = std::chrono::duration<double>(*line.time);
    return spdlog::log_clock::time_point(
        std::chrono::duration_cast<spdlog::log_clock::duration>(own));
  }

  LogFormat format;
  spdlog::logger logger;
  std::array<uint64_t, 4>& written;
  LineSplitter splitter;
  std::deque<std::string> last;
};

}  // namespace

const char* nameOf(LogLevel level) {
  return levelNames[static_cast<int>(level)];
}

LogLevel logLevelOf(std::string_view word) {
  if (word == "warn") return LogLevel::warning;
  for (int i = 0; i < 4; ++i) {
    if (word == levelNames[i]) return static_cast<LogLevel>(i);
  }
  fail("no such log level: ", quote(word).c_str(), "; allowed are debug, info, warning and error");
}

struct Logs::Impl {
  explicit Impl(LogOptions given)
      : options(std::move(given)), file(std::make_shared<LogFile>(options.file)) {
    auto pattern = options.format == LogFormat::json ? jsonPattern : textPattern;
    file->set_formatter(
        std::make_unique<spdlog::pattern_formatter>(pattern, spdlog::pattern_time_type::utc));
  }

  OneInstance& get(std::string_view name) {
    auto found = instances.find(name);
    if (found == instances.end()) {
      auto made = std::make_unique<OneInstance>(std::string(name), options.level, options.format,
                                                file, written);
      found = instances.emplace(std::string(name), std::move(made)).first;
    }
    found->second->known = true;
    return *found->second;
  }

  OneInstance& known(std::string_view name) {
    auto found = instances.find(name.empty() ? "host" : name);
    if (found != instances.end() && found->second->known) return *found->second;
    std::vector<std::string> names;
    for (const auto& [other, log] : instances) {
      if (log->known) names.push_back(other);
    }
    fail("there is no instance ", quote(name).c_str(), "; known: ", quoteAll(names).c_str());
  }

  LogOptions options;
  std::array<uint64_t, 4> written{};
  std::shared_ptr<LogFile> file;
  std::map<std::string, std::unique_ptr<OneInstance>, std::less<>> instances;
};

Logs::Logs(LogOptions options) : impl(std::make_unique<Impl>(std::move(options))) {
  host();
}
Logs::~Logs() = default;

InstanceLog& Logs::host() {
  return impl->get("host");
}
InstanceLog& Logs::instance(std::string_view name) {
  return impl->get(name);
}

std::vector<std::string> Logs::lastLines(std::string_view instance) const {
  return impl->known(instance).lastLines();
}
LogLevel Logs::level(std::string_view instance) const {
  return impl->known(instance).level;
}
void Logs::setLevel(std::string_view instance, LogLevel level) {
  impl->known(instance).level = level;
}

void Logs::setDefaultLevel(LogLevel level) {
  impl->options.level = level;
  for (auto& [name, log] : impl->instances) log->level = level;
}

void Logs::remove(std::string_view instance) {
  // References handed out stay good; the name is only no longer known.
  auto found = impl->instances.find(instance);
  if (found != impl->instances.end()) found->second->known = false;
}

void Logs::reopen() {
  impl->file->reopen();
}

uint64_t Logs::written(LogLevel level) const {
  return impl->written[static_cast<int>(level)];
}

}  // namespace maitred::host
