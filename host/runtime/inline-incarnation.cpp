// An incarnation in the host's own process and on its loop.
#include "host/log/logs.h"
#include "host/plugins/load.h"
#include "host/runtime/forwarding-hook.h"
#include "host/runtime/incarnation.h"

#include <capnp/capability.h>
#include <kj/debug.h>
#include <maitred/abi.h>

namespace maitred::host {
namespace {

// A call under way: it keeps the plugin's object alive, so it keeps the watch as well.
class WatchedRequest final : public capnp::RequestHook {
 public:
  WatchedRequest(kj::Own<capnp::ClientHook> watch, kj::Own<capnp::RequestHook> inner)
      : watch(kj::mv(watch)), inner(kj::mv(inner)) {}

  capnp::RemotePromise<capnp::AnyPointer> send() override {
    auto sent = inner->send();
    capnp::AnyPointer::Pipeline pipeline = kj::mv(sent);
    return capnp::RemotePromise<capnp::AnyPointer>(sent.dropPipeline().attach(kj::mv(watch)),
                                                   kj::mv(pipeline));
  }
  kj::Promise<void> sendStreaming() override {
    return inner->sendStreaming().attach(kj::mv(watch));
  }
  const void* getBrand() override { return nullptr; }

 private:
  kj::Own<capnp::ClientHook> watch;
  kj::Own<capnp::RequestHook> inner;
};

// Passes all calls on and tells when the last reference is gone and the last call over: only then
// may the next incarnation begin, which will want the same files and locks.
class DropWatch final : public ForwardingHook {
 public:
  DropWatch(kj::Own<capnp::ClientHook> inner, kj::Own<kj::PromiseFulfiller<void>> dropped)
      : ForwardingHook(kj::mv(inner)), dropped(kj::mv(dropped)) {}
  ~DropWatch() noexcept(false) {
    inner = nullptr;
    dropped->fulfill();
  }

  capnp::Request<capnp::AnyPointer, capnp::AnyPointer> newCall(
      uint64_t interfaceId, uint16_t methodId, kj::Maybe<capnp::MessageSize> sizeHint) override {
    auto request = inner->newCall(interfaceId, methodId, sizeHint);
    capnp::AnyPointer::Builder params = request;
    return {params, kj::heap<WatchedRequest>(addRef(), capnp::RequestHook::from(kj::mv(request)))};
  }
  VoidPromiseAndPipeline call(uint64_t interfaceId, uint16_t methodId,
                              kj::Own<capnp::CallContextHook>&& context) override {
    auto result = inner->call(interfaceId, methodId, kj::mv(context));
    return {result.promise.attach(addRef()), kj::mv(result.pipeline)};
  }

 private:
  kj::Own<kj::PromiseFulfiller<void>> dropped;
};

void writeLine(void* context, int level, const char* text, size_t length) {
  static_cast<InstanceLog*>(context)->write(static_cast<LogLevel>(level), {text, length});
}

capnp::Capability::Client openPlugin(const Launch& launch, LoopIo io, InstanceLog& log) {
  const maitred_plugin_entry* entry = loadPlugin(launch.library);
  KJ_REQUIRE(entry->abi_version == MAITRED_ABI_VERSION && entry->open != nullptr,
             "the library cannot run inline: it speaks another plugin ABI", launch.library);
  std::vector<maitred_listener> listeners;
  for (const auto& [name, fd] : launch.listeners) listeners.push_back({name.c_str(), fd});
  maitred_instance instance{
      sizeof(maitred_instance),  launch.instance.c_str(), launch.stateDirectory.c_str(),
      launch.policyPath.c_str(), launch.logLevel.c_str(), listeners.data(),
      listeners.size()};
  char error[1024] = "";
  capnp::Capability::Client plugin = nullptr;
  maitred_open_args args{sizeof(maitred_open_args),
                         &instance,
                         &io.lowLevel,
                         &io.provider,
                         &io.events,
                         &plugin,
                         &writeLine,
                         &log,
                         error,
                         sizeof error};
  KJ_REQUIRE(entry->open(&args) == 0, "the plugin did not open", kj::StringPtr(error));
  return plugin;
}

class InlineIncarnation final : public Incarnation {
 public:
  InlineIncarnation(const Launch& launch, LoopIo io, InstanceLog& log)
      : InlineIncarnation(openPlugin(launch, io, log), kj::newPromiseAndFulfiller<void>()) {}

  plugin::Plugin::Client plugin() override {
    return KJ_REQUIRE_NONNULL(client).castAs<plugin::Plugin>();
  }
  kj::Promise<std::string> whenGone() override {
    return dropped.addBranch().then([]() { return std::string("dropped"); });
  }
  void hangUp() override { client = nullptr; }
  void signal(int) override { client = nullptr; }
  uint32_t pid() const override { return 0; }
  uint64_t memory() const override { return 0; }

 private:
  InlineIncarnation(capnp::Capability::Client opened, kj::PromiseFulfillerPair<void> pair)
      : dropped(pair.promise.fork()) {
    kj::Own<capnp::ClientHook> watch =
        kj::refcounted<DropWatch>(capnp::ClientHook::from(kj::mv(opened)), kj::mv(pair.fulfiller));
    client = capnp::Capability::Client(kj::mv(watch));
  }

  kj::ForkedPromise<void> dropped;
  kj::Maybe<capnp::Capability::Client> client;
};

}  // namespace

kj::Own<Incarnation> openInline(const Launch& launch, LoopIo io, InstanceLog& log) {
  return kj::heap<InlineIncarnation>(launch, io, log);
}

}  // namespace maitred::host
