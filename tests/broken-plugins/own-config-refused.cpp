// Refuses the very config that it runs with.
#include "broken.h"

namespace broken {

class Broken final : public Sound {
 public:
  using Sound::Sound;
  kj::Promise<maitred::Reconfigured> reconfigure(BrokenConfig::Reader) override {
    maitred::Problems problems;
    problems.error({"size"}, "it has not changed");
    return maitred::Reconfigured::rejected(problems);
  }
};

}  // namespace broken

MAITRED_PLUGIN(broken::Broken)
