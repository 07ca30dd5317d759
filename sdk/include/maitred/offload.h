#pragma once
// Blocking work off the loop: maitred::offload(fn) runs fn on a small pool of threads of this
// plugin and resolves on the calling loop. The pool has four threads and at most 1,024 waiting
// calls; beyond that offload() throws OVERLOADED. Dropping the promise does not stop a function
// that has begun; it must own what it uses.

#include <kj/async.h>
#include <kj/function.h>

namespace maitred {

namespace detail {
void runOnPool(kj::Function<void()> work);
}  // namespace detail

// fn() runs on a pool thread and must not touch the loop. Its exception rejects the promise.
template <typename Func>
auto offload(Func fn) -> kj::Promise<decltype(fn())> {
  using Result = decltype(fn());
  auto pair = kj::newPromiseAndCrossThreadFulfiller<Result>();
  detail::runOnPool([fn = kj::mv(fn), fulfiller = kj::mv(pair.fulfiller)]() mutable {
    KJ_IF_MAYBE (exception, kj::runCatchingExceptions([&]() {
                   if constexpr (kj::isSameType<Result, void>()) {
                     fn();
                     fulfiller->fulfill();
                   } else {
                     fulfiller->fulfill(fn());
                   }
                 })) {
      fulfiller->reject(kj::mv(*exception));
    }
  });
  return kj::mv(pair.promise);
}

}  // namespace maitred
