#include "host/runtime/host-services.h"

#include <kj/debug.h>
#include <maitred/schema/leadership.capnp.h>

namespace maitred::host {
namespace {

class AlwaysLeader final : public leadership::Leadership::Server {
 public:
  kj::Promise<void> current(CurrentContext context) override {
    context.getResults().setLeading(true);
    return kj::READY_NOW;
  }
  kj::Promise<void> whenChanged(WhenChangedContext context) override {
    auto seen = context.getParams();
    if (!seen.getSeenLeading() || seen.getSeenFence() != 0) return kj::READY_NOW;
    context.allowCancellation();
    return kj::NEVER_DONE;
  }
};

class HostServer final : public plugin::Host::Server {
 public:
  explicit HostServer(HostServices& services) : services(services) {}

  kj::Promise<void> state(StateContext context) override {
    if (!services.state) return notGranted("state");
    return valuesRead().then([context, values = services.values]() mutable {
      context.getResults().setState(makeState(*values->read));
    });
  }
  kj::Promise<void> leadership(LeadershipContext context) override {
    if (!services.leadership) return notGranted("leadership");
    context.getResults().setLeadership(kj::heap<AlwaysLeader>());
    return kj::READY_NOW;
  }

 private:
  HostServices& services;

  kj::Promise<void> valuesRead() {
    auto values = services.values;
    if (values->read.get() != nullptr) return kj::READY_NOW;
    if (values->reading == nullptr) {
      // The reading belongs to what it fills: it would otherwise keep itself alive, and a pool
      // thread would answer to a loop that has ended.
      values->reading =
          KeyValues::open(services.stateFolder)
              .then([&into = *values](kj::Own<KeyValues> read) { into.read = kj::mv(read); })
              .fork();
    }
    return KJ_ASSERT_NONNULL(values->reading).addBranch().catch_([values](kj::Exception&& e) {
      values->reading = nullptr;
      kj::throwFatalException(kj::mv(e));
    });
  }

  static kj::Exception notGranted(kj::StringPtr what) {
    return KJ_EXCEPTION(UNIMPLEMENTED, "the plugin's manifest does not name this under `needs`",
                        what);
  }
};

}  // namespace

HostServices::HostServices(capnp::List<manifest::HostCapability>::Reader needs,
                           std::string stateFolder)
    : stateFolder(std::move(stateFolder)) {
  grant(needs);
}

void HostServices::grant(capnp::List<manifest::HostCapability>::Reader needs) {
  state = leadership = false;
  for (auto need : needs) {
    state |= need == manifest::HostCapability::STATE;
    leadership |= need == manifest::HostCapability::LEADERSHIP;
  }
}

plugin::Host::Client makeHost(HostServices& services) {
  return kj::heap<HostServer>(services);
}

}  // namespace maitred::host
