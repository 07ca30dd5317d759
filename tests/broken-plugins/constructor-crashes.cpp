// Crashes in its constructor.
#include "broken.h"

#include <csignal>

namespace broken {

class Broken final : public Sound {
 public:
  explicit Broken(maitred::Context& context) : Sound(context) { raise(SIGSEGV); }
};

}  // namespace broken

MAITRED_PLUGIN(broken::Broken)
