#pragma once
// offload() for what must not be given up.

#include <maitred/async.h>
#include <maitred/offload.h>

#include <kj/timer.h>

#include <type_traits>

namespace maitred::local {

// As offload(fn), but where too many calls wait already it is tried again, for as long as that
// lasts. `fn` is copied for each attempt.
template <typename Func>
Async<std::invoke_result_t<Func&>> insist(kj::Timer& timer, Func fn) {
  for (;;) {
    kj::Maybe<kj::Promise<std::invoke_result_t<Func&>>> work;
    try {
      work = offload(fn);
    } catch (const kj::Exception& failure) {
      if (failure.getType() != kj::Exception::Type::OVERLOADED) throw;
    }
    KJ_IF_MAYBE (taken, work) co_return co_await *taken;
    co_await timer.afterDelay(500 * kj::MILLISECONDS);
  }
}

}  // namespace maitred::local
