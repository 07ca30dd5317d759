#pragma once
// Both ends of a TLS connection on one loop, in memory or over a socket pair.

#include "certificates.h"

#include <maitred/testing/harness.h>
#include <maitred/tls.h>

#include <kj/async-io.h>
#include <kj/debug.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace maitred::tls {

using ::testing::HasSubstr;
using maitred::testing::Authority;
using maitred::testing::Wish;

// What `work` threw, as text; empty if it threw nothing.
template <typename Work>
std::string failureOf(Work&& work) {
  std::string text;
  auto failure = kj::runCatchingExceptions([&]() { work(); });
  KJ_IF_MAYBE (exception, failure) text = exception->getDescription().cStr();
  return text;
}

class TlsTest : public ::testing::Test {
 protected:
  TlsTest() { writeServerFiles(folder.path(), authority); }
  ~TlsTest() noexcept override {}

  kj::AsyncIoContext io = kj::setupAsyncIo();
  const kj::Clock& clock = kj::systemCoarseCalendarClock();
  maitred::testing::TemporaryDirectory folder;
  Authority authority;
  std::vector<std::string> infos, warnings;

  std::string at(const char* name) const { return folder.path() + "/" + name; }
  Files files() const { return {at("cert.pem"), at("key.pem"), ""}; }

  kj::Own<Acceptor> acceptor(Files given) {
    Acceptor::Hooks hooks;
    hooks.info = [this](kj::StringPtr text) { infos.push_back(text.cStr()); };
    hooks.warning = [this](kj::StringPtr text) { warnings.push_back(text.cStr()); };
    return kj::heap<Acceptor>(io.provider->getTimer(), clock, std::move(given), kj::mv(hooks));
  }
  kj::Own<Acceptor> acceptor() { return acceptor(files()); }
  Connector connector() { return Connector(ConnectorFiles{at("ca.pem"), "", ""}); }

  struct Ends {
    kj::Own<Stream> server, client;
  };
  // A connection whose handshake is done; throws what the client's side threw.
  Ends meet(Acceptor& acceptor, Connector& connector, std::string host = "localhost",
            bool sockets = false) {
    auto pipe = sockets ? io.provider->newTwoWayPipe() : kj::newTwoWayPipe();
    Ends ends;
    ends.server = acceptor.accept(kj::mv(pipe.ends[0]));
    serverFault.clear();
    auto serving = ends.server->handshake().eagerlyEvaluate([this](kj::Exception&& fault) {
      serverFault = fault.getDescription().cStr();
    });
    ends.client = connector.connect(kj::mv(pipe.ends[1]), host).wait(io.waitScope);
    serving.wait(io.waitScope);
    return ends;
  }
  std::string serverFault;

  void send(kj::AsyncIoStream& stream, std::string_view text) {
    stream.write(text.data(), text.size()).wait(io.waitScope);
  }
  std::string take(kj::AsyncIoStream& stream, size_t size) {
    std::string text(size, '\0');
    text.resize(stream.tryRead(text.data(), size, size).wait(io.waitScope));
    return text;
  }
  // Until the condition holds; fails the test after twenty seconds.
  template <typename Condition>
  void until(Condition&& condition, const char* what) {
    for (int i = 0; i < 2000; ++i) {
      if (condition()) return;
      io.provider->getTimer().afterDelay(10 * kj::MILLISECONDS).wait(io.waitScope);
    }
    FAIL() << "did not happen in time: " << what;
  }
};

}  // namespace maitred::tls
