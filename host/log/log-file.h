#pragma once
// LogFile: a spdlog sink onto standard error or a file that can be opened anew.

#include <spdlog/details/null_mutex.h>
#include <spdlog/sinks/base_sink.h>

#include <string>

namespace maitred::host {

class LogFile final : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 public:
  // Empty path: standard error. Throws kj::Exception if the file cannot be opened.
  explicit LogFile(std::string path);
  ~LogFile() override;

  // Opens the path again; on failure throws and keeps what is open.
  void reopen();

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override;
  void flush_() override {}  // each line is written at once

 private:
  int open() const;

  std::string path;
  int fd;
};

}  // namespace maitred::host
