#include "log-file.h"

#include "host/base/failure.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace maitred::host {

LogFile::LogFile(std::string path) : path(std::move(path)), fd(open()) {}

LogFile::~LogFile() {
  if (!path.empty()) close(fd);
}

int LogFile::open() const {
  if (path.empty()) return STDERR_FILENO;
  int opened = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0640);
  if (opened < 0) {
    int error = errno;
    fail("the log file ", path.c_str(), " cannot be opened for writing: ", strerror(error),
         "; check host.log.file and its folder");
  }
  return opened;
}

void LogFile::reopen() {
  if (path.empty()) return;
  int next = open();
  close(fd);
  fd = next;
}

void LogFile::sink_it_(const spdlog::details::log_msg& message) {
  spdlog::memory_buf_t line;
  formatter_->format(message, line);
  const char* at = line.data();
  size_t left = line.size();
  while (left > 0) {
    ssize_t written = write(fd, at, left);
    if (written >= 0) {
      at += written;
      left -= static_cast<size_t>(written);
    } else if (errno == EAGAIN) {
      // Standard error may be a terminal or pipe that somebody made non-blocking. A reader that
      // stands still for long costs the line, not the host.
      pollfd wait{fd, POLLOUT, 0};
      if (poll(&wait, 1, 100) <= 0) return;
    } else if (errno != EINTR) {
      return;  // a full disk must not stop the host; the next line tries again
    }
  }
}

}  // namespace maitred::host
