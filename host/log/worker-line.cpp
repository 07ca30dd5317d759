#include "worker-line.h"

#include "host/config/names.h"

#include <maitred/utf8.h>
#include <nlohmann/json.hpp>

namespace maitred::host {

namespace {

std::optional<LogLevel> knownLevel(std::string_view word) {
  if (word == "debug") return LogLevel::debug;
  if (word == "info") return LogLevel::info;
  if (word == "warning" || word == "warn") return LogLevel::warning;
  if (word == "error") return LogLevel::error;
  return std::nullopt;
}

std::string textOf(const nlohmann::json& value) {
  using Json = nlohmann::json;
  return value.is_string() ? value.get<std::string>()
                           : value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

WorkerLine parseWorkerLine(std::string_view line) {
  WorkerLine result{LogLevel::warning, std::string(line), std::nullopt, ""};
  if (line.empty() || line.front() != '{') return result;
  // A line of some library may be JSON and nested without end; ours is flat.
  auto flat = [](int depth, nlohmann::json::parse_event_t, nlohmann::json&) { return depth <= 4; };
  auto json = nlohmann::json::parse(line, flat, /*allow_exceptions=*/false);
  if (!json.is_object() || !json.contains("msg")) return result;
  result.text = textOf(json["msg"]);
  if (json.contains("level") && json["level"].is_string()) {
    result.level =
        knownLevel(json["level"].get_ref<const std::string&>()).value_or(LogLevel::warning);
  }
  if (json.contains("ts") && json["ts"].is_number()) result.time = json["ts"].get<double>();
  if (json.contains("thread")) result.thread = textOf(json["thread"]);
  return result;
}

std::string printable(std::string_view text) {
  static const char digits[] = "0123456789abcdef";
  std::string result;
  result.reserve(text.size());
  auto escape = [&](unsigned char c) {
    result += "\\x";
    result += digits[c >> 4];
    result += digits[c & 15];
  };
  while (!text.empty()) {
    size_t valid = std::min(invalidUtf8(text), text.size());
    for (unsigned char c : text.substr(0, valid)) {
      if (c == '\n') {
        result += "\\n";
      } else if ((c < 0x20 && c != '\t') || c == 0x7f) {
        escape(c);
      } else {
        result += static_cast<char>(c);
      }
    }
    if (valid == text.size()) break;
    escape(static_cast<unsigned char>(text[valid]));
    text.remove_prefix(valid + 1);
  }
  return result;
}

}  // namespace maitred::host
