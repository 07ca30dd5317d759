// Keeps what it was granted beyond its end.
#include "broken.h"

namespace broken {

class Broken final : public Sound {
 public:
  using Sound::Sound;
  kj::Promise<void> start(BrokenConfig::Reader, maitred::Grants& grants) override {
    static kj::Vector<maitred::backend::Backend::Client> kept;
    for (auto& granted : grants.all<maitred::backend::Backend>("backends")) {
      kept.add(granted.client);
    }
    return kj::READY_NOW;
  }
};

}  // namespace broken

MAITRED_PLUGIN(broken::Broken)
