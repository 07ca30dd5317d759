#pragma once
#include <kj/async.h>
#include <kj/timer.h>

namespace maitred::http {

// The outcome of `work`, or nothing if it has not ended in time; it is dropped then.
template <typename T>
kj::Promise<kj::Maybe<T>> within(kj::Timer& timer, kj::Duration time, kj::Promise<T> work) {
  return work.then([](T&& value) { return kj::Maybe<T>(kj::mv(value)); })
      .exclusiveJoin(timer.afterDelay(time).then([]() { return kj::Maybe<T>(nullptr); }));
}

// The same for work without a result: whether it ended in time.
inline kj::Promise<bool> inTime(kj::Timer& timer, kj::Duration time, kj::Promise<void> work) {
  return work.then([]() { return true; })
      .exclusiveJoin(timer.afterDelay(time).then([]() { return false; }));
}

}  // namespace maitred::http
