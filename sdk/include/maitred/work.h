#pragma once
// Work of an object that must not die with the call that asked for it: a server method whose caller
// hangs up would otherwise leave a change half done.

#include <kj/async.h>
#include <kj/debug.h>

namespace maitred {

// Declare it as the *last* member, so that it is destroyed first. Loop thread only.
class OwnedWork final : private kj::TaskSet::ErrorHandler {
 public:
  OwnedWork() : tasks(*this) {}
  KJ_DISALLOW_COPY(OwnedWork);

  // Runs the promise to its end whatever happens to the returned one; both see its failure. The
  // work ends with this object all the same, and then the returned promise fails.
  kj::Promise<void> run(kj::Promise<void> work) {
    auto [promise, done, failed] = handles<void>();
    tasks.add(work.then([done = kj::mv(done)]() mutable { done->fulfiller->fulfill(); },
                        [failed = kj::mv(failed)](kj::Exception&& e) mutable {
                          failed->fulfiller->reject(kj::mv(e));
                        }));
    return kj::mv(promise);
  }

  template <typename T>
  kj::Promise<T> run(kj::Promise<T> work) {
    auto [promise, done, failed] = handles<T>();
    tasks.add(work.then(
        [done = kj::mv(done)](T&& value) mutable { done->fulfiller->fulfill(kj::mv(value)); },
        [failed = kj::mv(failed)](kj::Exception&& e) mutable {
          failed->fulfiller->reject(kj::mv(e));
        }));
    return kj::mv(promise);
  }

  kj::Promise<void> onEmpty() { return tasks.onEmpty(); }

 private:
  template <typename T>
  struct Shared : public kj::Refcounted {
    explicit Shared(kj::Own<kj::PromiseFulfiller<T>> fulfiller) : fulfiller(kj::mv(fulfiller)) {}
    kj::Own<kj::PromiseFulfiller<T>> fulfiller;
  };
  template <typename T>
  struct Handles {
    kj::Promise<T> promise;
    kj::Own<Shared<T>> done, failed;
  };

  template <typename T>
  static Handles<T> handles() {
    auto pair = kj::newPromiseAndFulfiller<T>();
    auto shared = kj::refcounted<Shared<T>>(kj::mv(pair.fulfiller));
    auto other = kj::addRef(*shared);
    return {kj::mv(pair.promise), kj::mv(shared), kj::mv(other)};
  }

  void taskFailed(kj::Exception&&) override {}  // reported to the caller by the returned promise
  kj::TaskSet tasks;
};

}  // namespace maitred
