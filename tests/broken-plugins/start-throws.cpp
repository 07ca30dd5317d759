// Never starts.
#include "broken.h"

namespace broken {

class Broken final : public Sound {
 public:
  using Sound::Sound;
  kj::Promise<void> start(BrokenConfig::Reader, maitred::Grants&) override {
    return KJ_EXCEPTION(FAILED, "the moon is not full");
  }
};

}  // namespace broken

MAITRED_PLUGIN(broken::Broken)
