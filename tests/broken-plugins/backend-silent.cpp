// A backend that takes every call and never sends a snapshot.
#include <maitred/plugin.h>
#include <maitred/schema/backend.capnp.h>

#include <liar.capnp.h>

namespace broken {

using namespace maitred::backend;

class SilentSession final : public Session::Server {
 public:
  kj::Promise<void> expect(ExpectContext) override { return kj::READY_NOW; }
  kj::Promise<void> begin(BeginContext) override { return kj::READY_NOW; }
};

class SilentBackend final : public Backend::Server {
 public:
  kj::Promise<void> attach(AttachContext context) override {
    context.getResults().setSession(kj::heap<SilentSession>());
    return kj::READY_NOW;
  }
};

class Broken final : public maitred::PluginOf<liar::LiarConfig> {
 public:
  explicit Broken(maitred::Context& context) : context(context) {}
  kj::Promise<void> start(liar::LiarConfig::Reader, maitred::Grants&) override {
    context.provide<Backend>(kj::heap<SilentBackend>());
    return kj::READY_NOW;
  }

 private:
  maitred::Context& context;
};

}  // namespace broken

MAITRED_PLUGIN(broken::Broken)
