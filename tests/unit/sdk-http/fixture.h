#pragma once
// A server in memory: pipes instead of sockets, a clock that only moves when a test says so. With
// $MAITRED_TEST_TLS set, every connection is one of TLS: the same tests, run a second time.

#include "certificates.h"

#include <maitred/http/error.h>
#include <maitred/http/server.h>
#include <maitred/testing/harness.h>
#include <maitred/tls.h>

#include <kj/async-io.h>
#include <kj/timer.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <list>
#include <memory>
#include <string>
#include <vector>

namespace maitred::http {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

struct FixedClock final : public kj::Clock {
  kj::Date now() const override { return kj::UNIX_EPOCH + 784111777 * kj::SECONDS; }
};

// A client that sends bytes as they are, and keeps all that comes back.
class Peer final : private kj::TaskSet::ErrorHandler {
 public:
  explicit Peer(kj::Own<kj::AsyncIoStream> end) : stream(kj::mv(end)), tasks(*this) {}

  void send(std::string text) {
    auto kept = kj::heap<std::string>(std::move(text));
    auto written = writing.addBranch().then([this, &text = *kept]() {
      return stream->write(text.data(), text.size());
    });
    writing = written.attach(kj::mv(kept)).catch_([](kj::Exception&&) {}).fork();
    tasks.add(writing.addBranch());
  }
  void read() { tasks.add(readMore()); }
  void finishWriting() {
    tasks.add(writing.addBranch().then([this]() { stream->shutdownWrite(); }));
  }

  std::string received;
  bool closed = false;

 private:
  kj::Promise<void> readMore() {
    return stream->tryRead(piece, 1, sizeof(piece)).then([this](size_t got) -> kj::Promise<void> {
      received.append(piece, got);
      closed = got == 0;
      return closed ? kj::Promise<void>(kj::READY_NOW) : readMore();
    });
  }
  void taskFailed(kj::Exception&&) override { closed = true; }

  kj::Own<kj::AsyncIoStream> stream;
  char piece[4096];
  kj::ForkedPromise<void> writing = kj::Promise<void>(kj::READY_NOW).fork();
  kj::TaskSet tasks;
};

// A certificate for localhost and what a client trusts, made once for all tests of the program.
class TestFiles {
 public:
  static const TestFiles& get() {
    static TestFiles files;
    return files;
  }
  tls::Files server() const { return {at("cert.pem"), at("key.pem"), ""}; }
  tls::ConnectorFiles client() const { return {at("ca.pem"), "", ""}; }
  std::string at(const char* name) const { return folder.path() + "/" + name; }
  const testing::Authority authority;

 private:
  TestFiles() { testing::writeServerFiles(folder.path(), authority); }
  testing::TemporaryDirectory folder;
};

class ServerTest : public ::testing::Test {
 protected:
  ~ServerTest() noexcept override {}   // KJ's destructors may throw, GoogleTest's may not
  void start(Limits limits = {}, kj::Own<Authenticator> authenticator = oneUser("ana")) {
    ServerHooks hooks;
    hooks.access = [this](const Access& access) { log.push_back(formatAccess(access)); };
    hooks.problem = [this](kj::StringPtr text) { problems.push_back(text.cStr()); };
    server = std::make_unique<Server>(timer, clock, limits, kj::mv(router), kj::mv(authenticator),
                                      kj::mv(hooks));
    if (secure) useTls();
  }
  void useTls(tls::Files files = TestFiles::get().server()) {
    server->setTls(kj::heap<tls::Acceptor>(timer, clock, std::move(files)));
    secure = true;
  }

  Peer& connect(bool reading = true) {
    auto pipe = kj::newTwoWayPipe();
    server->serve(kj::mv(pipe.ends[0]));
    if (secure) {
      tls::Connector connector(TestFiles::get().client());
      pipe.ends[1] = connector.connect(kj::mv(pipe.ends[1]), "localhost").wait(wait);
    }
    auto& peer = *peers.emplace_back(std::make_unique<Peer>(kj::mv(pipe.ends[1])));
    if (reading) peer.read();
    turn();
    return peer;
  }

  // Lets everything happen that can happen without time passing; pauses of no time among it.
  void turn() {
    for (wait.poll(); isDue(); wait.poll()) timer.advanceTo(timer.now());
  }
  bool isDue() {
    KJ_IF_MAYBE (next, timer.nextEvent()) return *next <= timer.now();
    return false;
  }
  void pass(kj::Duration time) {
    turn();
    timer.advanceTo(timer.now() + time);
    turn();
  }
  // Sends on a fresh connection, returns all that came back.
  std::string ask(std::string request) {
    Peer& peer = connect();
    peer.send(std::move(request));
    turn();
    return peer.received;
  }

  static std::string bodyOf(const std::string& response) {
    size_t end = response.find("\r\n\r\n");
    return end == response.npos ? "" : response.substr(end + 4);
  }

  kj::EventLoop loop;
  kj::WaitScope wait{loop};
  kj::TimerImpl timer{kj::origin<kj::TimePoint>()};
  FixedClock clock;
  Router router;
  bool secure = getenv("MAITRED_TEST_TLS") != nullptr;
  std::vector<std::string> log, problems;
  std::unique_ptr<Server> server;
  std::list<std::unique_ptr<Peer>> peers;
};

// What an HttpError says; fails the test if `work` throws nothing, or something else.
template <typename Work>
HttpError::Seen errorOf(Work&& work) {
  auto failure = kj::runCatchingExceptions([&]() { work(); });
  KJ_IF_MAYBE (exception, failure) {
    auto seen = HttpError::from(*exception);
    EXPECT_TRUE(seen.has_value()) << kj::str(*exception).cStr();
    if (seen) return *seen;
  } else {
    ADD_FAILURE() << "nothing was thrown";
  }
  return {0, ""};
}

}  // namespace maitred::http
