#include <maitred/testing/harness.h>

#include <kj/debug.h>

namespace maitred::testing {
namespace {

class MemoryState final : public plugin::State::Server {
 public:
  kj::Promise<void> get(GetContext context) override {
    auto found = values.find(context.getParams().getKey().cStr());
    auto results = context.getResults();
    results.setFound(found != values.end());
    if (found != values.end()) {
      results.setValue(capnp::Data::Reader(
          reinterpret_cast<const kj::byte*>(found->second.data()), found->second.size()));
    }
    return kj::READY_NOW;
  }
  kj::Promise<void> put(PutContext context) override {
    auto params = context.getParams();
    auto value = params.getValue();
    values[params.getKey().cStr()] =
        std::string(reinterpret_cast<const char*>(value.begin()), value.size());
    return kj::READY_NOW;
  }
  kj::Promise<void> remove(RemoveContext context) override {
    values.erase(context.getParams().getKey().cStr());
    return kj::READY_NOW;
  }

 private:
  std::map<std::string, std::string> values;
};

class AlwaysLeading final : public leadership::Leadership::Server {
 public:
  kj::Promise<void> current(CurrentContext context) override {
    context.getResults().setLeading(true);
    return kj::READY_NOW;
  }
  kj::Promise<void> whenChanged(WhenChangedContext context) override {
    context.allowCancellation();
    auto params = context.getParams();
    if (params.getSeenFence() == 0 && params.getSeenLeading()) return kj::NEVER_DONE;
    return kj::READY_NOW;
  }
};

class MemoryHost final : public plugin::Host::Server {
 public:
  kj::Promise<void> state(StateContext context) override {
    context.getResults().setState(keyValues);
    return kj::READY_NOW;
  }
  kj::Promise<void> leadership(LeadershipContext context) override {
    context.getResults().setLeadership(kj::heap<AlwaysLeading>());
    return kj::READY_NOW;
  }

 private:
  plugin::State::Client keyValues = kj::heap<MemoryState>();
};

}  // namespace

plugin::Host::Client memoryHost() { return kj::heap<MemoryHost>(); }

}  // namespace maitred::testing
