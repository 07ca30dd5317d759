#pragma once
// Body: the plugin's process as its host starts it, or its object in this process. Unlike the
// runtime's own incarnation it can be half hung up on.

#include "host/log/logs.h"
#include "host/runtime/incarnation.h"

#include <string>

namespace maitred::host::conform {

// The last words of the plugin: the messages of its log, or whatever else it wrote.
class Transcript final : public InstanceLog {
 public:
  void write(LogLevel level, std::string_view message) override;
  void feed(std::string_view bytes) override;
  void endOfInput() override {}
  std::vector<std::string> lastLines() const override;
  void clearLastLines() override { text.clear(); }

 private:
  std::string text;
};

class Body {
 public:
  virtual ~Body() noexcept(false) = default;
  virtual plugin::Plugin::Client plugin() = 0;
  // Resolves when nothing of it runs any more: "exit code 0", "killed by signal 9 (SIGKILL)", or
  // "dropped". Call it once.
  virtual kj::Promise<std::string> whenGone() = 0;
  virtual void hangUp() = 0;
  virtual void finishSending() = 0;  // the host's half of the connection alone; nothing inline
  virtual int pid() const = 0;       // 0 inline
};

kj::Own<Body> workerBody(const Launch& launch, LoopIo io, Transcript& words);
kj::Own<Body> inlineBody(const Launch& launch, LoopIo io, Transcript& words);

}  // namespace maitred::host::conform
