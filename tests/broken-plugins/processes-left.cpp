// Leaves a process behind with each start.
#include "broken.h"

#include <unistd.h>

namespace broken {

class Broken final : public Sound {
 public:
  using Sound::Sound;
  kj::Promise<void> start(BrokenConfig::Reader, maitred::Grants&) override {
    // It ends by itself before long, so that no test leaves it to anybody.
    if (fork() == 0) {
      sleep(60);
      _exit(0);
    }
    return kj::READY_NOW;
  }
};

}  // namespace broken

MAITRED_PLUGIN(broken::Broken)
