// The end that comes from the host: a hang-up at any moment, half of one, a stop during the start.
#include "../activity.h"
#include "../points.h"

namespace maitred::host::conform {

std::string checkStopInStart(Trial& trial) {
  auto startTime = measureStart(trial);
  for (int i = 0; i < pointCount; ++i) {
    auto point = pointOf(trial, i, startTime);
    trial.step("stopped " + point.text());
    Life life(trial);
    auto starting = ignored(life.starting());
    reach(trial, point);
    life.hangUp();
    starting = nullptr;
    life.untilGone();
  }
  return std::to_string(pointCount) + " points within " + shortTime(startTime) + " of start";
}

std::string checkHangUp(Trial& trial) {
  constexpr int times = 8;
  kj::Duration longest = 0 * kj::SECONDS;
  for (int i = 0; i < times; ++i) {
    auto rounds = trial.below(1ull << i);
    trial.step("hung up " + std::to_string(rounds) + " rounds of the loop into its work");
    Life life(trial);
    life.start();
    Activity activity(trial, life);
    for (auto left = trial.below(8); left > 0; --left) activity.something();
    trial.turns(rounds);
    auto began = trial.timer().now();
    life.hangUp();
    life.untilGone();
    longest = kj::max(longest, trial.timer().now() - began);
    activity.settle();
  }
  return std::to_string(times) + " times, gone within " + shortTime(longest);
}

std::string checkHalfClosed(Trial& trial) {
  if (trial.inlined()) throw NotApplicable{"there is no connection"};
  trial.step("half-closed at rest");
  {
    Life life(trial);
    life.start();
    life.finishSending();
    life.untilGone();
  }
  trial.step("half-closed with calls under way");
  {
    Life life(trial);
    life.start();
    Activity activity(trial, life);
    for (int i = 0; i < 8; ++i) activity.something();
    trial.turns(trial.below(16));
    life.finishSending();
    life.untilGone();
  }
  return "ended both at rest and at work";
}

}  // namespace maitred::host::conform
