#pragma once
// Follows the queue: every change of a job goes into the outbox, and the queue goes on only when it
// is durable there.

#include "outbox.h"
#include "settings.h"

#include <maitred/attachment.h>
#include <maitred/context.h>
#include <maitred/schema/queue.capnp.h>
#include <maitred/work.h>

#include <memory>

namespace webhook_plugin {

class Feed final {
 public:
  // Starts at once. `arrived` is called when messages may have been added.
  Feed(maitred::Context& context, Outbox& outbox, const Settings& settings,
       maitred::queue::Queue::Client queue, kj::Function<void()> arrived);
  ~Feed() noexcept(false);
  KJ_DISALLOW_COPY(Feed);

  // Messages have gone: perhaps there is room again.
  void gone();

  // What is wrong, for health(); empty if nothing is.
  kj::String trouble() const;

 private:
  class Watcher;
  using Apply = capnp::CallContext<maitred::queue::Watcher::ApplyParams,
                                   maitred::queue::Watcher::ApplyResults>;

  maitred::Async<kj::Promise<void>> attach();
  maitred::Async<void> compare();
  maitred::Async<void> apply(Apply context);
  Arrival arrivalOf(maitred::queue::Job::Reader job) const;
  bool full() const { return outbox.waiting() >= settings.waitingMax; }

  maitred::Context& context;
  Outbox& outbox;
  const Settings& settings;
  maitred::queue::Queue::Client queue;
  kj::Function<void()> arrived;
  std::shared_ptr<Feed*> self;  // what watchers hold: they may outlive this
  kj::Own<kj::PromiseFulfiller<void>> room, end;
  maitred::Attachment attachment;
  maitred::OwnedWork work;
};

}  // namespace webhook_plugin
