#pragma once
// What a worker wrote on its standard error, taken apart into lines and levels. Pure.

#include "logs.h"

#include <optional>
#include <string>
#include <string_view>

namespace maitred::host {

struct WorkerLine {
  LogLevel level;
  std::string text;
  std::optional<double> time;  // unix seconds, if the line says so
  std::string thread;          // empty if the line does not say
};

// A JSON object with "msg" (and "level", "ts", "thread"), or any other text: level warning.
WorkerLine parseWorkerLine(std::string_view line);

// Cuts bytes into lines. A line over `maxBytes` is cut there and marked; the rest of it is dropped.
class LineSplitter {
 public:
  explicit LineSplitter(size_t maxBytes) : maxBytes(maxBytes) {}

  template <typename Take>
  void feed(std::string_view bytes, Take&& take) {
    while (!bytes.empty()) {
      auto end = bytes.find('\n');
      append(bytes.substr(0, end));
      if (end == std::string_view::npos) return;
      finish(take);
      bytes.remove_prefix(end + 1);
    }
  }
  template <typename Take>
  void finish(Take&& take) {
    if (cut) line += " … (cut)";
    if (!line.empty()) take(std::string_view(line));
    line.clear();
    cut = false;
  }

 private:
  void append(std::string_view piece) {
    size_t room = maxBytes - std::min(maxBytes, line.size());
    if (piece.size() > room) cut = true;
    line += piece.substr(0, room);
  }

  size_t maxBytes;
  std::string line;
  bool cut = false;
};

// Printable on one line of a terminal: control characters and invalid UTF-8 are escaped, a tab
// stays.
std::string printable(std::string_view text);

}  // namespace maitred::host
