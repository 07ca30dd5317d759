// Holds its loop for seconds.
#include "broken.h"

#include <unistd.h>

namespace broken {

class Broken final : public Sound {
 public:
  using Sound::Sound;
  kj::Promise<void> activate(uint64_t) override {
    blocking = context.timer()
                   .afterDelay(100 * kj::MILLISECONDS)
                   .then([]() { sleep(3); })
                   .eagerlyEvaluate(nullptr);
    return kj::READY_NOW;
  }

 private:
  kj::Promise<void> blocking = nullptr;
};

}  // namespace broken

MAITRED_PLUGIN(broken::Broken)
