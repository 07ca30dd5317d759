// drain(): answered at any point, and before its deadline.
#include "../activity.h"
#include "../points.h"

namespace maitred::host::conform {

namespace {

constexpr kj::Duration deadline = 1 * kj::SECONDS;
constexpr int drains = 8;

// Fails if drain() keeps silent; true if it did not throw.
bool drained(Trial& trial, Life& life) {
  auto slack = trial.patience() / 2;
  bool refused = false, late = false;
  KJ_IF_MAYBE (exception,
               exceptionOf([&]() { life.await(life.draining(deadline), deadline + slack); })) {
    refused = true;
    late = Trial::isLate(*exception);
  }
  if (late) {
    trial.fail("drain() with a deadline of " + shortTime(deadline) + " has not returned " +
               shortTime(slack) + " after it");
  }
  return !refused;
}

}  // namespace

// During its start a plugin may answer that it has not started; the host then hangs up.
std::string checkDrainInStart(Trial& trial) {
  auto startTime = measureStart(trial);
  int taken = 0;
  for (int i = 0; i < pointCount; ++i) {
    auto point = pointOf(trial, i, startTime);
    trial.step("drained " + point.text());
    Life life(trial);
    auto starting = ignored(life.starting());
    reach(trial, point);
    taken += drained(trial, life) ? 1 : 0;
    life.hangUp();
    starting = nullptr;
    life.untilGone();
  }
  return "answered at " + std::to_string(pointCount) + " points, " + std::to_string(taken) +
         " times by draining";
}

std::string checkDrainInWork(Trial& trial) {
  size_t pieces = 0;
  for (int i = 0; i < drains; ++i) {
    auto rounds = trial.below(1ull << i);
    trial.step("drained " + std::to_string(rounds) + " rounds of the loop into its work");
    Life life(trial);
    life.start();
    Activity activity(trial, life);
    for (auto left = 1 + trial.below(8); left > 0; --left) activity.something();
    trial.turns(rounds);
    if (!drained(trial, life)) trial.fail("drain() failed");
    life.health();
    activity.settle();
    pieces += activity.begun();
    life.hangUp();
    life.untilGone();
  }
  return std::to_string(drains) + " times, with " + std::to_string(pieces) +
         " pieces of work under way";
}

}  // namespace maitred::host::conform
