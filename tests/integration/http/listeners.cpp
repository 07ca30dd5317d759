#include "listeners.h"

#include "tests/e2e/system.h"

#include <maitred/http/error.h>
#include <maitred/http/server.h>

#include <kj/async-io.h>
#include <kj/debug.h>

#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <thread>

namespace maitred::http::test {

namespace {

// Short, so that slow clients need not be waited for; long enough for a busy machine.
constexpr const char* COOK_LIMITS =
    "limits: { body: 1MiB, header_time: 2s, body_time: 2s, idle_time: 4s, write_time: 2s }";

Limits sdkLimits() {
  Limits limits;
  limits.body = BODY_MAX;
  limits.headerTime = limits.bodyTime = limits.writeTime = 2 * kj::SECONDS;
  limits.idleTime = 4 * kj::SECONDS;
  return limits;
}

// A server on a loop of its own.
class SdkServer {
 public:
  SdkServer() {
    std::promise<uint16_t> listening;
    auto known = listening.get_future();
    thread = std::thread([this, &listening]() { run(listening); });
    port = known.get();
  }
  ~SdkServer() {
    stop->fulfill();
    thread.join();
  }
  uint16_t port;

 private:
  void run(std::promise<uint16_t>& listening) {
    auto io = kj::setupAsyncIo();
    Router router;
    router.on("GET", "/", [](Request&) { return Response::text(200, "plain"); });
    router.on("POST", "/echo",
              [](Request& r) { return Response::text(200, std::string(r.body)); });
    Server server(io.provider->getTimer(), kj::systemCoarseCalendarClock(), sdkLimits(),
                  kj::mv(router), oneUser("ana"));
    auto address = io.provider->getNetwork().parseAddress("127.0.0.1:0").wait(io.waitScope);
    auto receiver = address->listen();
    auto bound = static_cast<uint16_t>(receiver->getPort());
    server.listen(kj::mv(receiver));
    auto stopped = kj::newPromiseAndCrossThreadFulfiller<void>();
    stop = kj::mv(stopped.fulfiller);
    listening.set_value(bound);
    stopped.promise.wait(io.waitScope);
  }
  std::thread thread;
  kj::Own<kj::CrossThreadPromiseFulfiller<void>> stop;
};

class Servers final : public ::testing::Environment {
 public:
  struct Running {
    SdkServer sdk;
    e2e::System system{{}};
  };
  Running& get() {
    if (running == nullptr) {
      running = std::make_unique<Running>();
      running->system.editConfig("auth: { one_user: operator }",
                                 std::string("auth: { one_user: operator }, ") + COOK_LIMITS);
      running->system.start();
    }
    return *running;
  }
  void TearDown() override { running = nullptr; }

 private:
  std::unique_ptr<Running> running;
};

// GoogleTest owns it.
Servers& servers =
    static_cast<Servers&>(*::testing::AddGlobalTestEnvironment(new Servers));

}  // namespace

const std::vector<Listener>& listeners() {
  static const std::vector<Listener> all = {
      {"sdk", "GET /", "POST /echo", true, true, true},
      {"cook", "GET /info", "GET /info", true, false, true},
      {"host", "GET /healthz", "GET /healthz", false, false, false},
  };
  return all;
}

uint16_t portOf(const Listener& listener) {
  auto& running = servers.get();
  std::string name = listener.name;
  if (name == "sdk") return running.sdk.port;
  auto& ports = running.system.ports();
  return name == "cook" ? ports.rest : ports.host;
}

}  // namespace maitred::http::test
