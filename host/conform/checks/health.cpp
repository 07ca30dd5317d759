// Health and metrics while there is something to do.
#include "../activity.h"

#include "host/admin/exposition.h"

namespace maitred::host::conform {

namespace {

constexpr kj::Duration workFor = 1 * kj::SECONDS;
// The host kills what misses three heartbeats of a second each. The rule for plugins is 5 ms; that
// is reported and not judged, since a busy machine knows no such times.
constexpr kj::Duration heldMost = 2 * kj::SECONDS;

}  // namespace

std::string checkHealth(Trial& trial) {
  trial.step("start()");
  Life life(trial);
  life.start();
  trial.step("at work");
  Activity activity(trial, life);
  kj::Duration slowest = 0 * kj::SECONDS, held = 0 * kj::SECONDS;
  size_t asked = 0;
  auto end = trial.timer().now() + workFor;
  while (trial.timer().now() < end || asked < 10) {
    activity.something();
    auto seen = life.health();
    ++asked;
    slowest = kj::max(slowest, seen.took);
    held = kj::max(held, seen.loopDelay);
    trial.pause(20 * kj::MILLISECONDS);
  }
  activity.settle();
  if (kj::max(held, slowest) > heldMost) {
    trial.fail("it held its loop for " + shortTime(kj::max(held, slowest)) +
               "; blocking work belongs to maitred::offload(), long work is cut into pieces");
  }
  trial.step("metrics()");
  std::string text;
  life.await(life.plugin().metricsRequest().send().then(
      [&text](auto&& answer) { text = answer.getText().cStr(); }));
  Exposition exposition;
  auto dropped = exposition.merge("conform", text);
  if (dropped > 0) {
    trial.fail(std::to_string(dropped) +
               " lines are no valid samples of the Prometheus text format");
  }
  trial.step("stopping it");
  life.stop();
  return std::to_string(asked) + " answers, the slowest after " + shortTime(slowest) +
         "; its loop was held for " + shortTime(held) + " at most";
}

}  // namespace maitred::host::conform
