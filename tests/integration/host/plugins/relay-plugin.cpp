// A consumer that keeps what it gets and asks for what it may not have.
#include "relay.capnp.h"
#include "trial.capnp.h"

#include <kj/debug.h>
#include <maitred/plugin.h>

namespace maitred::trial {
namespace {

class Own final : public Echo::Server {
 public:
  kj::Promise<void> say(SayContext call) override {
    call.getResults().setText(kj::str("relay ", call.getParams().getText()));
    return kj::READY_NOW;
  }
};

// "disconnected: …", for the test to look at.
kj::String textOf(kj::Exception&& e) {
  return kj::str(e.getType(), ": ", e.getDescription());
}

class Relay final : public PluginOf<RelayConfig> {
 public:
  explicit Relay(Context& context) : context(context) {}

  kj::Promise<void> start(RelayConfig::Reader, Grants& grants) override {
    for (auto& granted : grants.all<Echo>("echo")) echoes.add(granted.client);
    context.provide<Echo>(kj::heap<Own>());
    return kj::READY_NOW;
  }

  kj::Promise<void> drain(kj::Duration) override {
    context.log().info("drained ", context.instance());
    return kj::READY_NOW;
  }

  // Failures are answers here: the test reads their kind.
  kj::Promise<kj::String> command(kj::StringPtr name, kj::StringPtr input) override {
    return kj::evalNow([&]() { return run(name, input); }).catch_([](kj::Exception&& e) {
      return textOf(kj::mv(e));
    });
  }

 private:
  Context& context;
  kj::Vector<Echo::Client> echoes;
  kj::Maybe<Session::Client> session;

  Echo::Client& echo() {
    KJ_REQUIRE(echoes.size() > 0, "nothing was granted");
    return echoes[0];
  }

  kj::Promise<kj::String> run(kj::StringPtr name, kj::StringPtr input) {
    if (name == "say") {
      auto request = echo().sayRequest();
      request.setText(input);
      return request.send().then([](auto&& answer) { return kj::str(answer.getText()); });
    }
    if (name == "open") {
      return echo().openRequest().send().then([this](auto&& answer) {
        session = answer.getSession();
        return kj::str("open");
      });
    }
    if (name == "next") {
      return KJ_REQUIRE_NONNULL(session).nextRequest().send().then(
          [](auto&& answer) { return kj::str(answer.getNumber()); });
    }
    if (name == "never") {
      return echo().neverRequest().send().then([](auto&&) { return kj::str("answered"); });
    }
    if (name == "watch") {
      auto request = echo().watchRequest();
      request.setObserver(kj::heap<Own>());
      return request.send().then([](auto&&) { return kj::str("watched"); });
    }
    if (name == "state") {
      return context.host().stateRequest().send().then([](auto&&) { return kj::str("granted"); });
    }
    if (name == "flood") return flood(input.parseAs<uint32_t>());
    return Plugin::command(name, input);
  }

  // So many calls at once, given up afterwards; answers how many were refused as overloads.
  kj::Promise<kj::String> flood(uint32_t calls) {
    struct Count {
      uint32_t refused = 0;
      kj::Vector<kj::Promise<void>> calls;
    };
    auto count = kj::heap<Count>();
    for (uint32_t i = 0; i < calls; ++i) {
      count->calls.add(echo().neverRequest().send().ignoreResult().eagerlyEvaluate(
          [&count = *count](kj::Exception&& e) {
            if (e.getType() == kj::Exception::Type::OVERLOADED) ++count.refused;
          }));
    }
    // A call on the same path that is answered only after those before it were let through or
    // refused.
    return context.timer().afterDelay(300 * kj::MILLISECONDS).then([count = kj::mv(count)]() {
      return kj::str(count->refused);
    });
  }
};

}  // namespace
}  // namespace maitred::trial

MAITRED_PLUGIN(maitred::trial::Relay)
