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

  // Runs the promise to its end whatever happens to the returned one; both see its failure.
  kj::Promise<void> run(kj::Promise<void> work) {
    auto forked = work.fork();
    tasks.add(forked.addBranch());
    return forked.addBranch();
  }

  template <typename T>
  kj::Promise<T> run(kj::Promise<T> work) {
    auto pair = kj::newPromiseAndFulfiller<T>();
    auto fulfiller = kj::refcounted<Shared<T>>(kj::mv(pair.fulfiller));
    auto other = kj::addRef(*fulfiller);
    tasks.add(work.then(
        [done = kj::mv(fulfiller)](T&& value) mutable { done->fulfiller->fulfill(kj::mv(value)); },
        [failed = kj::mv(other)](kj::Exception&& e) mutable {
          failed->fulfiller->reject(kj::mv(e));
        }));
    return kj::mv(pair.promise);
  }

  kj::Promise<void> onEmpty() { return tasks.onEmpty(); }

 private:
  template <typename T>
  struct Shared : public kj::Refcounted {
    explicit Shared(kj::Own<kj::PromiseFulfiller<T>> fulfiller) : fulfiller(kj::mv(fulfiller)) {}
    kj::Own<kj::PromiseFulfiller<T>> fulfiller;
  };

  void taskFailed(kj::Exception&&) override {}  // reported to the caller through the other branch
  kj::TaskSet tasks;
};

}  // namespace maitred
