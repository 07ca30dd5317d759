// Crashes on a config that the schema forbids.
#include "broken.h"

namespace broken {

class Broken final : public Sound {
 public:
  using Sound::Sound;
  static void check(BrokenConfig::Reader config, maitred::Problems&) {
    if (config.getSize() > 10) abort();  // cannot be, it thought
  }
};

}  // namespace broken

MAITRED_PLUGIN(broken::Broken)
