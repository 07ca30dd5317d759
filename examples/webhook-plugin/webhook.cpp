// The plugin: its life, its health, and what operators may ask. The way of a job is
// feed.cpp -> outbox.cpp -> sender.cpp; what is said of it stands in message.cpp.
#include "feed.h"
#include "sender.h"

#include <maitred/plugin.h>
#include <maitred/store-commands.h>

namespace webhook_plugin {

using maitred::Async;
using maitred::Problems;
using maitred::Reconfigured;
namespace store = maitred::store;

class Webhook final : public maitred::PluginOf<WebhookConfig> {
 public:
  explicit Webhook(maitred::Context& context) : context(context) {}

  static void check(WebhookConfig::Reader config, Problems& problems) {
    if (config.getRetryFirst() > config.getRetryMost()) {
      problems.error({"retry_first"}, "the first pause is longer than the longest one",
                     "raise retry_most");
    }
    if (auto fault = store::faultInUrl(config.getStore().cStr())) {
      problems.error({"store"}, *fault);
    }
    size_t length = config.getSecret().size();
    if (length > 0 && length < 16) {
      problems.warning({"secret"}, "a key of fewer than 16 bytes can be guessed");
    }
  }

  kj::Promise<void> start(WebhookConfig::Reader config, maitred::Grants& grants) override {
    settings = kj::heap<Settings>(config);
    queue = grants.one<maitred::queue::Queue>("queue");
    return open();
  }

  // Only the host that leads may send; the store keeps one out that leads no more.
  kj::Promise<void> activate(uint64_t fence) override {
    outbox->fence = fence;
    sender = kj::heap<Sender>(context, *outbox, *settings, [this]() {
      if (feed.get() != nullptr) feed->gone();
    });
    feed = kj::heap<Feed>(context, *outbox, *settings, KJ_ASSERT_NONNULL(queue),
                          [this]() { sender->wake(); });
    return kj::READY_NOW;
  }

  kj::Promise<Reconfigured> reconfigure(WebhookConfig::Reader config) override {
    Settings next(config);
    if (next.store != settings->store) {
      return Reconfigured::needsRestart("another store is opened only at a start");
    }
    if (sender.get() != nullptr) {
      KJ_IF_MAYBE (fault, kj::runCatchingExceptions([&]() { sender->change(next); })) {
        Problems problems;
        problems.error({"ca"}, fault->getDescription().cStr());
        return Reconfigured::rejected(std::move(problems));
      }
    }
    *settings = std::move(next);
    if (feed.get() != nullptr) feed->gone();  // the limit may have risen
    return Reconfigured::applied();
  }

  // The file of authorities may have changed. If it is no good, the former ones stay in force.
  kj::Promise<void> refresh() override {
    KJ_IF_MAYBE (fault, kj::runCatchingExceptions([&]() {
                   if (sender.get() != nullptr) sender->change(*settings);
                 })) {
      context.log().warning("the former authorities stay in force: ", fault->getDescription());
    }
    return kj::READY_NOW;
  }

  maitred::Health health() override {
    if (outbox.get() == nullptr) return {false, kj::str("the store is being opened")};
    KJ_IF_MAYBE (trouble, outbox->file().degraded()) {
      return {false, kj::str("store: ", trouble->text)};
    }
    for (auto& trouble : {feed.get() ? feed->trouble() : kj::String(),
                          sender.get() ? sender->trouble() : kj::String()}) {
      if (trouble.size() > 0) return {false, kj::str(trouble)};
    }
    return {};
  }

  void collect() override {
    if (outbox.get() == nullptr) return;
    waiting.set(double(outbox->waiting()));
    refused.set(double(outbox->refused()));
  }

  // What waits is on disk, so only requests under way are waited for: cut off, they might arrive
  // twice.
  kj::Promise<void> drain(kj::Duration deadline) override {
    feed = nullptr;
    if (sender.get() == nullptr) return kj::READY_NOW;
    return sender->stop().exclusiveJoin(context.timer().afterDelay(deadline * 3 / 4));
  }

  // `maitred ctl ask webhook retry-refused`, and what `maitred ctl store` asks.
  kj::Promise<kj::String> command(kj::StringPtr name, kj::StringPtr input) override {
    if (store::StoreCommands::knows(name)) return stores.command(name, input);
    if (name == "retry-refused") return retryRefused();
    return maitred::PluginOf<WebhookConfig>::command(name, input);
  }

 private:
  Async<void> open() {
    int64_t now = (context.clock().now() - kj::UNIX_EPOCH) / kj::MILLISECONDS;
    auto opened = Outbox::open(settings->store, context.stateDirectory().cStr(),
                               context.instance().cStr(), now);
    outbox = co_await opened;
    stores.add("main", outbox->file());
  }

  Async<kj::String> retryRefused() {
    KJ_REQUIRE(sender.get() != nullptr, "this instance is not active");
    auto retried = outbox->retryRefused();
    auto count = co_await retried;
    sender->wake();
    co_return kj::str("{\"retried\": ", count, "}");
  }

  maitred::Context& context;
  maitred::metrics::Gauge& waiting =
      context.metrics().gauge("webhook_waiting", "Messages that the receiver has not taken yet.");
  maitred::metrics::Gauge& refused =
      context.metrics().gauge("webhook_refused", "Messages that the receiver will not take.");
  kj::Maybe<maitred::queue::Queue::Client> queue;
  kj::Own<Settings> settings;
  kj::Own<Outbox> outbox;
  store::StoreCommands stores;  // behind the outbox, which it must not outlive
  kj::Own<Sender> sender;
  kj::Own<Feed> feed;
};

}  // namespace webhook_plugin

MAITRED_PLUGIN(webhook_plugin::Webhook)
