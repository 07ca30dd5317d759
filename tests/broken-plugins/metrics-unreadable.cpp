// Has metrics that nobody can read.
#include "broken.h"

namespace broken {

class Broken final : public Sound {
 public:
  using Sound::Sound;
  void collect() override { context.metrics().gauge("not a name", "What is it?").set(1); }
};

}  // namespace broken

MAITRED_PLUGIN(broken::Broken)
