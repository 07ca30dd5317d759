// Leaves a thread behind with each start.
#include "broken.h"

#include <thread>

#include <unistd.h>

namespace broken {

class Broken final : public Sound {
 public:
  using Sound::Sound;
  kj::Promise<void> start(BrokenConfig::Reader, maitred::Grants&) override {
    std::thread([]() { pause(); }).detach();
    return kj::READY_NOW;
  }
};

}  // namespace broken

MAITRED_PLUGIN(broken::Broken)
