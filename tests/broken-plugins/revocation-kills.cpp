// Dies when it loses what it was granted.
#include "broken.h"

namespace broken {

class Broken final : public Sound {
 public:
  using Sound::Sound;
  kj::Promise<void> start(BrokenConfig::Reader, maitred::Grants& grants) override {
    for (auto& granted : grants.all<maitred::backend::Backend>("backends")) {
      asking = ask(kj::mv(granted.client)).eagerlyEvaluate([](kj::Exception&&) { abort(); });
    }
    return kj::READY_NOW;
  }

 private:
  kj::Promise<void> ask(maitred::backend::Backend::Client backend) {
    return backend.infoRequest().send().then([this, backend](auto&&) mutable {
      return context.timer().afterDelay(1 * kj::MILLISECONDS).then([this, backend]() mutable {
        return ask(kj::mv(backend));
      });
    });
  }
  kj::Promise<void> asking = nullptr;
};

}  // namespace broken

MAITRED_PLUGIN(broken::Broken)
