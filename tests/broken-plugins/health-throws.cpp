// Throws in health().
#include "broken.h"

namespace broken {

class Broken final : public Sound {
 public:
  using Sound::Sound;
  maitred::Health health() override { KJ_FAIL_REQUIRE("no idea how I am"); }
};

}  // namespace broken

MAITRED_PLUGIN(broken::Broken)
