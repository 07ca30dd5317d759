// Slow clients on real sockets: each is cut at its deadline, and nobody else waits for them.
#include "listeners.h"
#include "raw-client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <map>
#include <thread>

namespace maitred::http::test {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;
using Clock = std::chrono::steady_clock;

class SlowClients : public ::testing::TestWithParam<Listener> {
 protected:
  const Listener& listener = GetParam();
  std::string request =
      std::string(listener.plain) + " HTTP/1.1\r\nHost: h\r\nX-Request-Id: mine\r\n\r\n";

  // Another client is answered as ever.
  void expectService() {
    RawClient client(portOf(listener));
    client.send(std::string(listener.plain) + " HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    EXPECT_THAT(client.readToEnd(), StartsWith("HTTP/1.1 200 "));
  }
  // Calls each of them again and again until it says that it is over.
  void untilAllAreOver(std::map<std::string, std::function<bool()>> clients) {
    auto deadline = Clock::now() + std::chrono::seconds(60);
    while (!clients.empty()) {
      expectService();
      std::erase_if(clients, [](auto& client) { return client.second(); });
      if (HasFailure()) return;
      ASSERT_LT(Clock::now(), deadline) << clients.begin()->first << " is served for ever";
      std::this_thread::sleep_for(std::chrono::milliseconds(50));  // between two drops
    }
  }
};

// One byte now and then; over when the server has closed.
bool drip(RawClient& client, std::string_view bytes, size_t& at) {
  size_t sent;
  if (at < bytes.size() && client.trySend(bytes.substr(at, 1), sent)) at += sent;
  client.readSome();
  return client.closed;
}

TEST_P(SlowClients, AreCutAndHoldUpNobody) {
  std::string endless = std::string(listener.plain) + " HTTP/1.1\r\nX: " +
                        std::string(4'000, 'a');
  std::string body = std::string(listener.withBody) +
                     " HTTP/1.1\r\nHost: h\r\nContent-Length: 4000\r\n\r\n";
  RawClient head(portOf(listener)), sender(portOf(listener)), idle(portOf(listener));
  RawClient reader(portOf(listener), {.receiveBuffer = 4096});
  size_t headAt = 0, bodyAt = 0, asked = 0, rest = 0;
  sender.send(body);
  std::string payload(4'000, 'b'), burst;
  for (int i = 0; i < 500; ++i) burst += request;
  bool blocked = false;
  std::map<std::string, std::function<bool()>> clients = {
      {"a slow head", [&]() { return drip(head, endless, headAt); }},
      {"a slow body", [&]() { return drip(sender, payload, bodyAt); }},
      // Asks and asks, and takes no answer: in the end the server's buffers are full.
      {"a slow reader", [&]() {
         for (size_t sent = 1; !blocked && sent > 0 && asked < (200u << 20);) {
           blocked = !reader.trySend(std::string_view(burst).substr(rest), sent);
           asked += sent;
           rest = (rest + sent) % burst.size();
         }
         return !reader.serverHoldsIt();
       }}};
  if (listener.shortIdleTime) {
    clients["an idle client"] = [&]() {
      idle.readSome();
      return idle.closed;
    };
  }
  untilAllAreOver(clients);

  EXPECT_THAT(head.received, StartsWith("HTTP/1.1 408 "));
  EXPECT_THAT(head.received, HasSubstr("\r\nConnection: close\r\n"));
  EXPECT_THAT(sender.received,
              StartsWith(listener.takesBodies ? "HTTP/1.1 408 " : "HTTP/1.1 413 "));
  EXPECT_EQ(idle.received, "");
  reader.readSome();
  size_t answered = 0;
  for (size_t at = 0; (at = reader.received.find("X-Request-Id: mine", at)) != std::string::npos;) {
    ++answered;
    ++at;
  }
  EXPECT_LT(answered, asked / request.size()) << "the reader was not cut";
}

INSTANTIATE_TEST_SUITE_P(Listeners, SlowClients, ::testing::ValuesIn(listeners()),
                         [](auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace maitred::http::test
