#pragma once
// Trial: what one run of a check has: the plugin, the isolation, a seeded generator, a loop, and
// patience.

#include "check.h"
#include "subject.h"

#include <kj/async-io.h>

#include <functional>
#include <random>
#include <string>

namespace maitred::host::conform {

// "850 us", "12 ms", "30 s"
std::string shortTime(kj::Duration duration);

// What the function throws. A verdict, which is no kj::Exception, passes through.
template <typename Function>
kj::Maybe<kj::Exception> exceptionOf(Function&& function) {
  try {
    function();
  } catch (kj::Exception& exception) {
    return kj::mv(exception);
  }
  return nullptr;
}

struct TrialOptions {
  std::string executable = "/proc/self/exe";  // what workers are started from
  Isolation isolation = Isolation::none;
  uint64_t seed = 1;
  kj::Duration patience = 10 * kj::SECONDS;  // what any single step may take
  // Hears what is being done now, so that a crash or a hang can be named.
  std::function<void(const std::string&)> onStep = [](const std::string&) {};
};

class Trial {
 public:
  // The generator depends on the seed and on the check's name alone.
  Trial(const Subject& subject, const std::string& check, TrialOptions options);

  const Subject& subject;
  const TrialOptions options;
  std::mt19937_64 random;
  kj::AsyncIoContext io;

  bool inlined() const { return options.isolation == Isolation::inlined; }
  kj::Duration patience() const { return options.patience; }
  kj::Timer& timer() { return io.provider->getTimer(); }
  uint64_t below(uint64_t bound) { return random() % bound; }  // 0..bound-1

  // What is done from here on; begins the text of every failure.
  void step(std::string what);
  const std::string& doing() const { return current; }
  [[noreturn]] void fail(const std::string& how) const;  // throws Failed: "<step>: <how>"

  // Waits for the promise, at most for as long as given. Throws what it throws, or a kj::Exception
  // for which isLate() holds.
  template <typename T>
  T within(kj::Promise<T>&& promise, kj::Duration limit) {
    auto alarm = timer().afterDelay(limit).then(
        [limit]() -> kj::Promise<T> { return lateness(limit); });
    return promise.exclusiveJoin(kj::mv(alarm)).wait(io.waitScope);
  }
  static bool isLate(const kj::Exception& exception);

  void pause(kj::Duration duration);  // lets the loop turn for that long
  void turns(uint64_t count);         // lets the loop take that many rounds

 private:
  static kj::Exception lateness(kj::Duration limit);
  std::string current;
};

}  // namespace maitred::host::conform
