#include <maitred/log.h>

#include <kj/debug.h>

#include <cerrno>
#include <cstdio>
#include <ctime>
#include <string>

#include <unistd.h>

namespace maitred::log {
namespace {

constexpr const char* kNames[] = {"debug", "info", "warning", "error"};

void appendJson(std::string& out, kj::StringPtr text) {
  for (unsigned char c : text) {
    switch (c) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      default:
        if (c < 0x20) {
          char buffer[8];
          std::snprintf(buffer, sizeof(buffer), "\\u%04x", c);
          out += buffer;
        } else {
          out += static_cast<char>(c);
        }
    }
  }
}

void writeFully(int fd, const std::string& line) {
  size_t done = 0;
  while (done < line.size()) {
    ssize_t n = ::write(fd, line.data() + done, line.size() - done);
    if (n < 0 && errno != EINTR) return;   // the host is gone; there is nobody left to tell
    if (n > 0) done += n;
  }
}

}  // namespace

const char* levelName(Level level) { return kNames[static_cast<int>(level)]; }

std::optional<Level> parseLevel(std::string_view name) {
  for (int i = 0; i < 4; ++i) {
    if (name == kNames[i]) return static_cast<Level>(i);
  }
  return std::nullopt;
}

Sink jsonLinesToStderr() {
  return [](Level level, kj::StringPtr text) {
    timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    std::string line = "{\"ts\":" + std::to_string(now.tv_sec) + "." +
                       std::to_string(1000000 + now.tv_nsec / 1000).substr(1) + ",\"level\":\"" +
                       levelName(level) + "\",\"msg\":\"";
    appendJson(line, text);
    line += "\"}\n";
    writeFully(STDERR_FILENO, line);
  };
}

}  // namespace maitred::log
