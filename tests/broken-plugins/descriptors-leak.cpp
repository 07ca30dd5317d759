// Leaves a descriptor open with each start.
#include "broken.h"

#include <fcntl.h>

namespace broken {

class Broken final : public Sound {
 public:
  using Sound::Sound;
  kj::Promise<void> start(BrokenConfig::Reader, maitred::Grants&) override {
    KJ_REQUIRE(open("/dev/null", O_RDONLY | O_CLOEXEC) >= 0);
    return kj::READY_NOW;
  }
};

}  // namespace broken

MAITRED_PLUGIN(broken::Broken)
