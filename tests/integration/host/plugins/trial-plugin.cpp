// A provider that crashes, hangs, leaks and refuses on command.
#include "trial.capnp.h"

#include <kj/debug.h>
#include <maitred/async.h>
#include <maitred/plugin.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

namespace maitred::trial {
namespace {

class SessionServer final : public Session::Server {
 public:
  kj::Promise<void> next(NextContext call) override {
    call.getResults().setNumber(++number);
    return kj::READY_NOW;
  }

 private:
  uint32_t number = 0;
};

struct Shared : kj::Refcounted {
  kj::String greeting;
  kj::Maybe<Echo::Client> observer;
};

class EchoServer final : public Echo::Server {
 public:
  explicit EchoServer(kj::Own<Shared> shared) : shared(kj::mv(shared)) {}

  kj::Promise<void> say(SayContext call) override {
    call.getResults().setText(kj::str(shared->greeting, " ", call.getParams().getText()));
    return kj::READY_NOW;
  }
  kj::Promise<void> open(OpenContext call) override {
    call.getResults().setSession(kj::heap<SessionServer>());
    return kj::READY_NOW;
  }
  kj::Promise<void> never(NeverContext call) override {
    call.allowCancellation();
    return kj::NEVER_DONE;
  }
  kj::Promise<void> watch(WatchContext call) override {
    shared->observer = call.getParams().getObserver();
    return kj::READY_NOW;
  }

 private:
  kj::Own<Shared> shared;
};

class Trial final : public PluginOf<TrialConfig> {
 public:
  explicit Trial(Context& context) : context(context) {}

  static void check(TrialConfig::Reader config, Problems& problems) {
    if (config.getCrashAtCheck()) abort();
    if (config.getRefuse())
      problems.error({"refuse"}, "the trial refuses this config", "say false");
  }

  kj::Promise<void> start(TrialConfig::Reader given, Grants&) override {
    config = given;
    if (config.getCrashAtStart()) {
      context.log().error("last words before the crash");
      if (getenv("MAITRED_TRIAL_INLINE") == nullptr) abort();
    }
    shared->greeting = kj::str(config.getGreeting());
    context.provide<Echo>(kj::heap<EchoServer>(kj::addRef(*shared)));
    if (context.hasListener("greet")) {
      receiver = context.listener("greet");
      greeting = greet().promise().eagerlyEvaluate(nullptr);
    }
    return context.timer().afterDelay(config.getStartDelay() * kj::MILLISECONDS);
  }

  kj::Promise<Reconfigured> reconfigure(TrialConfig::Reader next) override {
    if (next.getRestartFor() != config.getRestartFor()) {
      return Reconfigured::needsRestart("restart_for changed");
    }
    config = next;
    shared->greeting = kj::str(config.getGreeting());
    return Reconfigured::applied();
  }

  kj::Promise<void> drain(kj::Duration) override {
    return context.timer().afterDelay(config.getDrainDelay() * kj::MILLISECONDS).then([this]() {
      context.log().info("drained ", context.instance());
    });
  }

  Health health() override { return {ready, kj::str(ready ? "" : "told to be unready")}; }

  kj::Promise<kj::String> command(kj::StringPtr name, kj::StringPtr input) override {
    if (name == "pid") return kj::str(getpid());
    if (name == "hang")
      for (volatile bool forever = true; forever;) {
      }
    if (name == "abort") abort();
    if (name == "exit") _exit(3);
    if (name == "leak") return leak(input.parseAs<uint32_t>());
    if (name == "print") {
      context.log().info(input);
      fprintf(stderr, "raw %s\n", input.cStr());
      return kj::str();
    }
    if (name == "unready") {
      ready = false;
      return kj::str();
    }
    if (name == "poke") return poke();
    if (name == "put") return put(kj::str(input));
    if (name == "get") return get(kj::str(input));
    if (name == "leadership")
      return context.host().leadershipRequest().send().then(
          [](auto&&) { return kj::str("granted"); });
    return Plugin::command(name, input);
  }

 private:
  Context& context;
  TrialConfig::Reader config;
  kj::Own<Shared> shared = kj::refcounted<Shared>();
  bool ready = true;
  kj::Vector<kj::Array<char>> leaked;
  kj::Own<kj::ConnectionReceiver> receiver;
  kj::Promise<void> greeting = nullptr;

  kj::Promise<kj::String> leak(uint32_t mebibytes) {
    for (uint32_t i = 0; i < mebibytes; ++i) {
      auto block = kj::heapArray<char>(1 << 20);
      memset(block.begin(), 1, block.size());
      leaked.add(kj::mv(block));
    }
    return kj::str(leaked.size());
  }

  Async<void> greet() {
    for (;;) {
      auto connection = co_await receiver->accept();
      auto text = kj::str(shared->greeting, "\n");
      co_await connection->write(text.begin(), text.size());
    }
  }

  kj::Promise<kj::String> poke() {
    auto request = KJ_REQUIRE_NONNULL(shared->observer, "nobody watches").sayRequest();
    request.setText("poked");
    return request.send().then([](auto&& answer) { return kj::str(answer.getText()); });
  }

  Async<kj::String> put(kj::String value) {
    auto state = (co_await context.host().stateRequest().send()).getState();
    auto request = state.putRequest();
    request.setKey("key");
    request.setValue(value.asBytes());
    co_await request.send();
    co_return kj::str("durable");
  }

  Async<kj::String> get(kj::String key) {
    auto state = (co_await context.host().stateRequest().send()).getState();
    auto request = state.getRequest();
    request.setKey(key);
    auto answer = co_await request.send();
    co_return answer.getFound() ? kj::heapString(answer.getValue().asChars())
                                : kj::str("not found");
  }
};

}  // namespace
}  // namespace maitred::trial

MAITRED_PLUGIN(maitred::trial::Trial)
