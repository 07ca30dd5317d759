// Does not provide what its manifest promises.
#include <maitred/plugin.h>

#include <liar.capnp.h>

namespace broken {

class Broken final : public maitred::PluginOf<liar::LiarConfig> {
 public:
  explicit Broken(maitred::Context&) {}
  kj::Promise<void> start(liar::LiarConfig::Reader, maitred::Grants&) override {
    return kj::READY_NOW;
  }
};

}  // namespace broken

MAITRED_PLUGIN(broken::Broken)
