// Says that it is not ready, and not why.
#include "broken.h"

namespace broken {

class Broken final : public Sound {
 public:
  using Sound::Sound;
  maitred::Health health() override { return {false, nullptr}; }
};

}  // namespace broken

MAITRED_PLUGIN(broken::Broken)
