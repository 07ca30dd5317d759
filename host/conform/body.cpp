#include "body.h"

#include "host/runtime/spawn.h"

#include <maitred/gathered-stream.h>

#include <capnp/rpc-twoparty.h>
#include <kj/debug.h>
#include <nlohmann/json.hpp>

#include <sstream>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace maitred::host::conform {

namespace {

constexpr size_t keptBytes = 16 * 1024;

struct Ends {
  kj::AutoCloseFd ours, theirs;
};

Ends socketPair() {
  int fds[2];
  KJ_SYSCALL(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds));
  return {kj::AutoCloseFd(fds[0]), kj::AutoCloseFd(fds[1])};
}

Ends outputPipe() {
  int fds[2];
  KJ_SYSCALL(pipe2(fds, O_CLOEXEC));
  return {kj::AutoCloseFd(fds[0]), kj::AutoCloseFd(fds[1])};
}

// A line of the SDK's logger is a JSON object; people want its message.
std::string messageOf(const std::string& line) {
  auto json = nlohmann::json::parse(line, nullptr, false);
  if (!json.is_object() || !json.contains("msg") || !json["msg"].is_string()) return line;
  return json["msg"].get<std::string>();
}

class Worker final : public Body {
 public:
  Worker(const Launch& launch, LoopIo io, Transcript& words)
      : Worker(launch, io, words, socketPair(), outputPipe()) {}

  plugin::Plugin::Client plugin() override {
    return KJ_REQUIRE_NONNULL(client)->bootstrap().castAs<plugin::Plugin>();
  }
  kj::Promise<std::string> whenGone() override { return child.whenEnded(); }
  void hangUp() override {
    client = nullptr;
    stream = nullptr;
  }
  void finishSending() override { KJ_SYSCALL(shutdown(descriptor, SHUT_WR)); }
  int pid() const override { return child.pid(); }

 private:
  Worker(const Launch& launch, LoopIo io, Transcript& words, Ends rpc, Ends output)
      : words(words),
        child(workerOptions(launch, rpc.theirs, output.theirs), io.events),
        descriptor(rpc.ours),
        lines(io.lowLevel.wrapInputFd(kj::mv(output.ours))),
        stream(gathered(io.lowLevel.wrapSocketFd(kj::mv(rpc.ours)))),
        reading(read().eagerlyEvaluate([](kj::Exception&&) {})) {
    client = kj::heap<capnp::TwoPartyClient>(*stream);
  }

  kj::Promise<void> read() {
    return lines->tryRead(buffer, 1, sizeof buffer).then([this](size_t size) -> kj::Promise<void> {
      if (size == 0) return kj::READY_NOW;
      words.feed({buffer, size});
      return read();
    });
  }

  Transcript& words;
  ChildProcess child;
  int descriptor;  // of the stream
  char buffer[4096];
  kj::Own<kj::AsyncInputStream> lines;
  kj::Own<kj::AsyncIoStream> stream;
  kj::Maybe<kj::Own<capnp::TwoPartyClient>> client;
  kj::Promise<void> reading;
};

class Inline final : public Body {
 public:
  Inline(const Launch& launch, LoopIo io, Transcript& words)
      : incarnation(openInline(launch, io, words)) {}

  plugin::Plugin::Client plugin() override { return incarnation->plugin(); }
  kj::Promise<std::string> whenGone() override { return incarnation->whenGone(); }
  void hangUp() override { incarnation->hangUp(); }
  void finishSending() override {}
  int pid() const override { return 0; }

 private:
  kj::Own<Incarnation> incarnation;
};

}  // namespace

void Transcript::write(LogLevel, std::string_view message) {
  feed(std::string(message) + "\n");
}

void Transcript::feed(std::string_view bytes) {
  text += bytes;
  if (text.size() > keptBytes) text.erase(0, text.size() - keptBytes);
}

std::vector<std::string> Transcript::lastLines() const {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    if (!line.empty()) lines.push_back(messageOf(line));
  }
  return lines;
}

kj::Own<Body> workerBody(const Launch& launch, LoopIo io, Transcript& words) {
  return kj::heap<Worker>(launch, io, words);
}

kj::Own<Body> inlineBody(const Launch& launch, LoopIo io, Transcript& words) {
  return kj::heap<Inline>(launch, io, words);
}

}  // namespace maitred::host::conform
