#pragma once
// A sound plugin that does nothing: each broken one derives from it and adds one fault.

#include <maitred/plugin.h>
#include <maitred/schema/backend.capnp.h>

#include <broken.capnp.h>

namespace broken {

class Sound : public maitred::PluginOf<BrokenConfig> {
 public:
  explicit Sound(maitred::Context& context) : context(context) {}
  kj::Promise<void> start(BrokenConfig::Reader, maitred::Grants&) override {
    return kj::READY_NOW;
  }

 protected:
  maitred::Context& context;
};

}  // namespace broken
