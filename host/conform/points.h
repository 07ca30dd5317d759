#pragma once
// Points: moments within the start of a plugin at which a check acts. Rounds of the loop, where
// start() waits for nothing but itself and its host; times, where it waits for the world.

#include "life.h"

namespace maitred::host::conform {

struct Point {
  uint64_t rounds = 0;
  kj::Duration time = 0 * kj::SECONDS;  // counts if `rounds` is 0

  std::string text() const;  // "7 rounds of the loop into start()"
};

constexpr int pointCount = 10;

// The one of that index, 0..pointCount-1; the later, the later it is, and by chance within that.
Point pointOf(Trial& trial, int index, kj::Duration startTime);
// Lets it come.
void reach(Trial& trial, const Point& point);

// Starts the plugin once to see how long that takes, and stops it.
kj::Duration measureStart(Trial& trial);

// The promise's outcome does not matter.
kj::Promise<void> ignored(kj::Promise<void>&& promise);

}  // namespace maitred::host::conform
