// Garbage at every declared listener.
#include "../life.h"

namespace maitred::host::conform {

namespace {

constexpr int piecesEach = 24;
constexpr kj::Duration answerWait = 1 * kj::SECONDS;

std::string noise(Trial& trial, size_t length) {
  std::string text(length, '\0');
  for (char& c : text) c = static_cast<char>(trial.below(256));
  return text;
}

// What a client may send that means no good, or nothing at all.
std::string garbage(Trial& trial, int index) {
  std::string length = std::to_string(trial.below(1 << 20));
  switch (index % 8) {
    case 0:
      return noise(trial, 1 + trial.below(4000));
    case 1:
      return "GET " + std::string(20000, '/') + " HTTP/1.1\r\n\r\n";
    case 2:
      return "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n";
    case 3:
      return "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"
             "0\r\n\r\nGET";
    case 4:
      return "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: " + length + "\r\n\r\n{";
    case 5:
      return "GET / HTTP/1.1\r\n" + noise(trial, 40) + ": " + noise(trial, 40) + "\r\n\r\n";
    case 6:
      return "";
    default:
      return std::string("\x16\x03\x01\x02\x00\x01\x00", 7) + noise(trial, 200);  // a TLS hello
  }
}

// Sends the text, finishes sending, and reads until the other side closes; "" if that takes long.
kj::Promise<std::string> exchange(Trial& trial, uint16_t port, std::string text) {
  auto answered = connectTo(trial, port).then(
      [text = kj::mv(text)](kj::Own<kj::AsyncIoStream> stream) mutable {
        auto copy = kj::heapArray<char>(text.data(), text.size());
        auto written = stream->write(copy.begin(), copy.size()).attach(kj::mv(copy));
        auto read = written.then([&stream = *stream]() {
          stream.shutdownWrite();
          return stream.readAllText(4 << 20);
        });
        return read.attach(kj::mv(stream));
      });
  return answered
      .then([](kj::String&& answer) { return std::string(answer.cStr(), answer.size()); })
      .catch_([](kj::Exception&&) { return std::string(); })
      .exclusiveJoin(trial.timer().afterDelay(answerWait).then([]() { return std::string(); }));
}

constexpr const char* plainRequest = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

bool speaksHttp(Trial& trial, Life& life, uint16_t port) {
  return life.await(exchange(trial, port, plainRequest)).starts_with("HTTP/1.");
}

}  // namespace

std::string checkListeners(Trial& trial) {
  if (trial.subject.manifest().getListeners().size() == 0) {
    throw NotApplicable{"it declares no listener"};
  }
  trial.step("start()");
  Life life(trial);
  life.start();
  size_t http = 0, answers = 0;
  for (const auto& [name, port] : life.listening().ports()) {
    trial.step("a plain GET to its listener `" + name + "`");
    bool speaks = speaksHttp(trial, life, port);
    http += speaks ? 1 : 0;
    for (int i = 0; i < piecesEach; ++i) {
      trial.step("garbage " + std::to_string(i + 1) + " to its listener `" + name + "`");
      answers += life.await(exchange(trial, port, garbage(trial, i))).empty() ? 0 : 1;
      life.health();
    }
    trial.step("after garbage to its listener `" + name + "`");
    if (speaks && !speaksHttp(trial, life, port)) {
      trial.fail("a plain GET is not answered any more");
    }
  }
  life.stop();
  return std::to_string(life.listening().ports().size()) + " listeners, " + std::to_string(http) +
         " of them HTTP; " + std::to_string(answers) + " pieces of garbage got an answer";
}

}  // namespace maitred::host::conform
