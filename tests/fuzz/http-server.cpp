// Any bytes on a connection of the HTTP server. However they were split, the same answers come
// back, each as long as it says; nothing follows one that closes; nothing is held when it is over.

#include <maitred/http/server.h>

#include <kj/async-io.h>
#include <kj/timer.h>

#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

namespace {

using namespace maitred::http;

void require(bool holds, const char* what) {
  if (holds) return;
  std::cerr << "violated: " << what << std::endl;
  std::abort();
}

struct FixedClock final : public kj::Clock {
  kj::Date now() const override { return kj::UNIX_EPOCH + 784111777 * kj::SECONDS; }
};

Router routes() {
  Router router;
  router.on("GET", "/", [](Request&) { return Response::text(200, "x"); });
  router.on("POST", "/echo", [](Request& r) { return Response::text(200, std::string(r.body)); });
  router.on("GET", "/:name", [](Request& r) {
    std::string all(r.param("name"));
    for (auto& field : r.headers) all.append("|").append(field.value);
    return Response::text(200, all);
  });
  router.on("PUT", "/json", [](Request& r) { return Response::json(200, r.json()); });
  router.on("GET", "/files/*path", [](Request& r) {
    return Response::text(200, std::string(r.param("path")));
  });
  return router;
}

struct Conversation {
  std::string received;
  std::vector<std::pair<std::string, uint64_t>> answers;  // method, bytes of the body
};

kj::Promise<void> readAll(kj::AsyncInputStream& stream, kj::ArrayPtr<char> scratch,
                          std::string& all) {
  return stream.tryRead(scratch.begin(), 1, scratch.size())
      .then([&stream, scratch, &all](size_t got) {
        all.append(scratch.begin(), got);
        return got == 0 ? kj::Promise<void>(kj::READY_NOW) : readAll(stream, scratch, all);
      });
}

kj::Promise<void> sendAll(kj::AsyncIoStream& stream, std::string_view bytes, size_t step) {
  if (bytes.empty()) {
    stream.shutdownWrite();
    return kj::READY_NOW;
  }
  auto piece = bytes.substr(0, step);
  return stream.write(piece.data(), piece.size()).then([&stream, bytes, step]() {
    return sendAll(stream, bytes.substr(std::min(step, bytes.size())), step);
  });
}

Conversation converse(std::string_view bytes, size_t step, kj::WaitScope& wait) {
  kj::TimerImpl timer(kj::origin<kj::TimePoint>());
  FixedClock clock;
  Limits limits;
  limits.requestLine = 256;
  limits.headers = 1024;
  limits.headerCount = 10;
  limits.body = 512;
  limits.bodies = 1024;
  Conversation result;
  ServerHooks hooks;
  hooks.access = [&](const Access& access) {
    formatAccess(access);
    if (access.status != 0) {
      result.answers.emplace_back(access.method, access.responseBytes);
    }
  };
  hooks.problem = [](kj::StringPtr text) { require(false, text.cStr()); };
  Server server(timer, clock, limits, routes(), oneUser("ana"), kj::mv(hooks));
  auto pipe = kj::newTwoWayPipe();
  server.serve(kj::mv(pipe.ends[0]));
  auto scratch = kj::heapArray<char>(4096);
  bool over = false;
  auto reading = readAll(*pipe.ends[1], scratch, result.received)
                     .then([&]() { over = true; })
                     .eagerlyEvaluate([&](kj::Exception&&) { over = true; });
  auto writing =
      sendAll(*pipe.ends[1], bytes, step).eagerlyEvaluate([](kj::Exception&&) {});
  // Pauses of no time, and in the end as long as a refused client may linger.
  wait.poll();
  while (!over || server.counters().openConnections > 0) {
    auto next = timer.nextEvent().orDefault(kj::maxValue);
    require(next < kj::maxValue, "the connection ends with what was sent");
    timer.advanceTo(next <= timer.now() ? timer.now() : timer.now() + 3 * kj::SECONDS);
    wait.poll();
  }
  auto& counters = server.counters();
  require(counters.inFlight == 0 && counters.bodyBytesHeld == 0,
          "nothing is held when it is over");
  return result;
}

// Takes the interim answers out; they depend on how the bytes were split.
std::string finals(std::string text) {
  static constexpr std::string_view interim = "HTTP/1.1 100 Continue\r\n\r\n";
  for (size_t at; (at = text.find(interim)) != text.npos;) text.erase(at, interim.size());
  return text;
}

void checkFraming(const Conversation& conversation) {
  std::string_view rest = conversation.received;
  bool closing = false;
  for (auto& [method, bodyBytes] : conversation.answers) {
    require(!closing, "nothing follows an answer that closes");
    while (rest.starts_with("HTTP/1.1 100 ")) rest.remove_prefix(rest.find("\r\n\r\n") + 4);
    require(rest.starts_with("HTTP/1.1 "), "an answer begins with its status");
    size_t end = rest.find("\r\n\r\n");
    require(end != rest.npos, "an answer has a head");
    auto head = rest.substr(0, end + 4);
    std::string length = "\r\nContent-Length: " + std::to_string(bodyBytes) + "\r\n";
    require(method == "HEAD" || head.find(length) != head.npos, "an answer says its length");
    closing = head.find("\r\nConnection: close\r\n") != head.npos;
    require(rest.size() >= head.size() + bodyBytes, "an answer is as long as it says");
    rest.remove_prefix(head.size() + bodyBytes);
  }
  require(rest.empty() || rest.starts_with("HTTP/1.1 100 "), "nothing but answers is sent");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static auto* loop = new kj::EventLoop;
  static auto* wait = new kj::WaitScope(*loop);
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  Conversation whole = converse(bytes, std::max<size_t>(size, 1), *wait);
  checkFraming(whole);
  for (size_t step : {1, 7}) {
    Conversation split = converse(bytes, step, *wait);
    checkFraming(split);
    require(finals(split.received) == finals(whole.received), "splitting keeps the answers");
  }
  return 0;
}
