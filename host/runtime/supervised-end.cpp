// How an instance ends in order, and how it takes a new config without ending.
#include "host/runtime/supervised.h"

#include "host/log/logs.h"

#include <kj/debug.h>
#include <signal.h>

namespace maitred::host {
namespace {

constexpr kj::Duration drainSlack = 500 * kj::MILLISECONDS;  // for the answer's way back

}  // namespace

kj::Promise<void> Supervised::end(kj::Duration deadline, kj::Exception why) {
  if (!machine.running()) {
    supervising = kj::Promise<void>(kj::READY_NOW).fork();
    machine.stop();
    noteState();
    settle();
    owner.down(*this, why);
    return kj::READY_NOW;
  }
  return endRunning(deadline, kj::mv(why));
}

Async<void> Supervised::endRunning(kj::Duration deadline, kj::Exception why) {
  bool canDrain = machine.state() == LifeState::active || machine.state() == LifeState::standby;
  endWanted = true;
  machine.draining();
  noteState();
  auto gone = supervising.addBranch();
  if (canDrain && client != nullptr) {
    auto request = KJ_REQUIRE_NONNULL(client).drainRequest();
    request.setDeadlineMs(static_cast<uint32_t>(deadline / kj::MILLISECONDS));
    auto drained = request.send().ignoreResult().catch_([this](kj::Exception&& e) {
      parts.logs.host().warning("instance '" + instanceName +
                                "' could not drain: " + e.getDescription().cStr());
    });
    auto late = parts.timer.afterDelay(deadline + drainSlack).then([this]() {
      parts.logs.host().warning("instance '" + instanceName +
                                "' did not drain before its deadline");
    });
    co_await drained.exclusiveJoin(kj::mv(late)).exclusiveJoin(supervising.addBranch());
  }
  if (incarnation.get() != nullptr && killReason.empty()) {
    hungUp = true;
    cut(why);
    incarnation->hangUp();
    killer = parts.timer.afterDelay(killAfter)
                 .then([this]() {
                   parts.logs.host().warning("instance '" + instanceName +
                                             "' did not end by itself and is killed");
                   incarnation->signal(SIGKILL);
                 })
                 .eagerlyEvaluate(nullptr);
  }
  co_await gone;
  owner.down(*this, why);  // with the reason that lasts
}

kj::Promise<Supervised::Outcome> Supervised::reconfigure(Seat next) {
  if (!machine.running()) {
    place = std::move(next);
    return Outcome{Outcome::applied, "takes effect when it runs again"};
  }
  if (machine.state() != LifeState::active)
    return Outcome{Outcome::needsRestart, "it was not active"};
  auto request = KJ_REQUIRE_NONNULL(client).reconfigureRequest();
  auto config = next.instance->config();
  if (!config.isNull()) request.initConfig().set(config);
  return request.send().then(
      [this, next = std::move(next)](auto&& answer) mutable -> Outcome {
        auto outcome = answer.getOutcome();
        switch (outcome.which()) {
          case plugin::Outcome::APPLIED:
            place = std::move(next);
            return {Outcome::applied, ""};
          case plugin::Outcome::REJECTED: {
            std::string all;
            for (auto problem : outcome.getRejected()) {
              all += (all.empty() ? "" : "; ") + std::string(problem.getMessage().cStr());
            }
            return {Outcome::rejected, all};
          }
          case plugin::Outcome::NEEDS_RESTART:
            return {Outcome::needsRestart, outcome.getNeedsRestart().cStr()};
          case plugin::Outcome::UNSPECIFIED:
            break;
        }
        return {Outcome::needsRestart, "it gave no answer that this host knows"};
      },
      [](kj::Exception&& e) -> Outcome {
        return {Outcome::needsRestart,
                std::string("reconfigure() failed: ") + e.getDescription().cStr()};
      });
}

}  // namespace maitred::host
