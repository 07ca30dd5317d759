// Never finishes its destructor.
#include "broken.h"

#include <unistd.h>

namespace broken {

class Broken final : public Sound {
 public:
  using Sound::Sound;
  ~Broken() noexcept(false) {
    for (;;) pause();
  }
};

}  // namespace broken

MAITRED_PLUGIN(broken::Broken)
