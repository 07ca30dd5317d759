#pragma once
// Blocking work off the loop: maitred::offload(fn) runs fn on a small pool of threads of this
// plugin and resolves on the calling loop. The pool has four threads and at most 1,024 waiting
// calls; beyond that offload() throws OVERLOADED. Dropping the promise does not stop a function
// that has begun; it must own what it uses.

#include <kj/async.h>
#include <kj/function.h>

#if defined(__SANITIZE_THREAD__)
#define MAITRED_UNDER_TSAN
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define MAITRED_UNDER_TSAN
#endif
#endif
#ifdef MAITRED_UNDER_TSAN
#include <atomic>
#include <memory>
#endif

namespace maitred {

namespace detail {
void runOnPool(kj::Function<void()> work);

// KJ orders what a pool thread has done before what the loop does with it by a lock of its own,
// which ThreadSanitizer cannot see in a library without instrumentation. There this says it again.
class Handoff {
 public:
#ifdef MAITRED_UNDER_TSAN
  static constexpr bool SEEN = true;
  void leave() const { done->store(true, std::memory_order_release); }
  void take() const { done->load(std::memory_order_acquire); }

 private:
  std::shared_ptr<std::atomic<bool>> done = std::make_shared<std::atomic<bool>>(false);
#else
  static constexpr bool SEEN = false;
  void leave() const {}
  void take() const {}
#endif
};

template <typename T>
kj::Promise<T> taken(kj::Promise<T> promise, const Handoff& handoff) {
  if constexpr (Handoff::SEEN) {
    auto failed = [handoff](kj::Exception&& e) -> kj::Promise<T> {
      handoff.take();
      return kj::mv(e);
    };
    if constexpr (kj::isSameType<T, void>()) {
      return promise.then([handoff]() -> kj::Promise<T> { handoff.take(); return kj::READY_NOW; },
                          kj::mv(failed));
    } else {
      return promise.then([handoff](T&& value) -> kj::Promise<T> {
        handoff.take();
        return kj::mv(value);
      }, kj::mv(failed));
    }
  } else {
    return promise;
  }
}
}  // namespace detail

// fn() runs on a pool thread and must not touch the loop. Its exception rejects the promise.
template <typename Func>
auto offload(Func fn) -> kj::Promise<decltype(fn())> {
  using Result = decltype(fn());
  auto pair = kj::newPromiseAndCrossThreadFulfiller<Result>();
  detail::Handoff handoff;
  detail::runOnPool([fn = kj::mv(fn), fulfiller = kj::mv(pair.fulfiller), handoff]() mutable {
    KJ_IF_MAYBE (exception, kj::runCatchingExceptions([&]() {
                   if constexpr (kj::isSameType<Result, void>()) {
                     fn();
                     handoff.leave();
                     fulfiller->fulfill();
                   } else {
                     auto value = fn();
                     handoff.leave();
                     fulfiller->fulfill(kj::mv(value));
                   }
                 })) {
      handoff.leave();
      fulfiller->reject(kj::mv(*exception));
    }
  });
  return detail::taken(kj::mv(pair.promise), handoff);
}

}  // namespace maitred
