// Takes no notice of drain().
#include "broken.h"

namespace broken {

class Broken final : public Sound {
 public:
  using Sound::Sound;
  kj::Promise<void> drain(kj::Duration) override { return kj::NEVER_DONE; }
};

}  // namespace broken

MAITRED_PLUGIN(broken::Broken)
