// Leaves memory behind with each start.
#include "broken.h"

namespace broken {

class Broken final : public Sound {
 public:
  using Sound::Sound;
  kj::Promise<void> start(BrokenConfig::Reader, maitred::Grants&) override {
    static std::vector<std::string> everything;
    everything.push_back(std::string(1000, 0));
    return kj::READY_NOW;
  }
};

}  // namespace broken

MAITRED_PLUGIN(broken::Broken)
