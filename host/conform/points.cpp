#include "points.h"

namespace maitred::host::conform {

std::string Point::text() const {
  return time == 0 * kj::SECONDS ? std::to_string(rounds) + " rounds of the loop into start()"
                                 : shortTime(time) + " into start()";
}

Point pointOf(Trial& trial, int index, kj::Duration startTime) {
  Point point;
  if (index % 2 == 0) {
    // 0, then from a range that doubles: 1..2, 2..5, 4..11, …
    uint64_t range = 1ull << (index / 2);
    if (index > 0) point.rounds = range / 2 + trial.below(range);
  } else {
    auto most = startTime * 5 / 4 / kj::MICROSECONDS;
    point.time = (1 + trial.below(most + 1)) * kj::MICROSECONDS;
  }
  return point;
}

void reach(Trial& trial, const Point& point) {
  if (point.time > 0 * kj::SECONDS) {
    trial.pause(point.time);
  } else {
    trial.turns(point.rounds);
  }
}

kj::Duration measureStart(Trial& trial) {
  trial.step("a first start, to see how long it takes");
  Life life(trial);
  auto began = trial.timer().now();
  life.start();
  auto took = trial.timer().now() - began;
  life.stop();
  return took;
}

kj::Promise<void> ignored(kj::Promise<void>&& promise) {
  return promise.catch_([](kj::Exception&&) {}).eagerlyEvaluate(nullptr);
}

}  // namespace maitred::host::conform
