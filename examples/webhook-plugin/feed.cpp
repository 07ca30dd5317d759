#include "feed.h"

#include "message.h"

#include <random>

namespace webhook_plugin {

using maitred::Async;
namespace queue = maitred::queue;

// Belongs to the queue, which lets go of it some time after the subscription was dropped.
class Feed::Watcher final : public queue::Watcher::Server {
 public:
  Watcher(std::shared_ptr<Feed*> feed, maitred::DropSignal signal)
      : feed(std::move(feed)), signal(kj::mv(signal)) {}

  kj::Promise<void> apply(ApplyContext context) override {
    if (*feed == nullptr) {
      return KJ_EXCEPTION(DISCONNECTED, "this watcher has ended");
    }
    return (*feed)->work.run((*feed)->apply(kj::mv(context)).promise());
  }

 private:
  std::shared_ptr<Feed*> feed;
  maitred::DropSignal signal;
};

Feed::Feed(maitred::Context& context, Outbox& outbox, const Settings& settings,
           queue::Queue::Client queue, kj::Function<void()> arrived)
    : context(context),
      outbox(outbox),
      settings(settings),
      queue(kj::mv(queue)),
      arrived(kj::mv(arrived)),
      self(std::make_shared<Feed*>(this)),
      attachment(context.timer(), context.log(), "queue", std::random_device()(),
                 [this]() -> kj::Promise<kj::Promise<void>> { return attach(); }) {}

Feed::~Feed() noexcept(false) { *self = nullptr; }

void Feed::gone() {
  if (room.get() != nullptr && !full()) room->fulfill();
}

kj::String Feed::trouble() const {
  if (attachment.attached()) return kj::String();
  if (full()) return kj::str(outbox.waiting(), " messages wait, so the queue is not watched");
  auto error = attachment.lastError();
  return kj::str("not attached to the queue", error == "" ? "" : ": ", error);
}

Async<kj::Promise<void>> Feed::attach() {
  if (full()) {
    auto vacancy = kj::newPromiseAndFulfiller<void>();
    room = kj::mv(vacancy.fulfiller);
    co_await vacancy.promise;
  }
  auto compared = compare();
  co_await compared;
  auto dropped = kj::newPromiseAndFulfiller<void>();
  auto ended = kj::newPromiseAndFulfiller<void>();
  end = kj::mv(ended.fulfiller);
  auto request = queue.watchRequest();
  request.initFilter();
  request.setAfterSequence(outbox.place());
  request.setWatcher(
      kj::heap<Watcher>(self, maitred::DropSignal(kj::mv(dropped.fulfiller))));
  auto sent = request.send();
  auto response = co_await sent;
  context.log().info("watching the queue after change ", outbox.place());
  co_return dropped.promise.exclusiveJoin(kj::mv(ended.promise))
      .attach(response.getSubscription());
}

// The queue's store may have been replaced, or restored from a backup: then it counts its changes
// from further back, and watching from our place would miss them without a word. The job that we
// heard of last gives it away. That it is unknown may also mean that it is in the archive; then too
// much is heard, and nothing is told twice.
Async<void> Feed::compare() {
  if (outbox.place() == 0) co_return;
  auto request = queue.queryRequest();
  request.initJobIds(1).set(0, outbox.lastJob().c_str());
  auto sent = request.send();
  auto response = co_await sent;
  for (auto job : response.getJobs()) {
    if (job.getSequence() >= outbox.lastSequence()) co_return;
  }
  context.log().warning("the queue does not know change ", outbox.place(),
                        " any more: hearing all of its jobs again");
  auto done = outbox.startOver();
  co_await done;
}

// A whole batch is one transaction. If it fails, the subscription ends, and the next one begins at
// the place that is on disk: whatever the queue makes of the failure of this call, nothing is
// skipped.
Async<void> Feed::apply(Apply context) {
  auto params = context.getParams();
  std::vector<Arrival> arrivals;
  for (auto job : params.getChanges()) {
    arrivals.push_back(arrivalOf(job));
    // Writing 2,000 bodies at a stretch would hold the loop for too long.
    if (arrivals.size() % 64 == 0) co_await kj::evalLast([]() {});
  }
  try {
    auto added = outbox.add(std::move(arrivals), params.getSequence());
    co_await added;
  } catch (const kj::Exception& e) {
    end->reject(kj::cp(e));
    throw;
  }
  this->context.log().debug("heard ", params.getChanges().size(), " changes up to ",
                             params.getSequence());
  arrived();
  if (full()) {
    this->context.log().warning(outbox.waiting(), " messages wait: watching the queue stops");
    end->fulfill();
  }
}

Arrival Feed::arrivalOf(queue::Job::Reader job) const {
  Arrival arrival{job.getSpec().getId().cStr(), job.getSequence(), job.getInstances().size(), {},
                  {}};
  if (!finished(job)) return arrival;
  arrival.event = eventId(job);
  // A job that never ran does not say when it ended. In the first batch of all it is taken for old.
  bool ran = job.getInstances().size() > 0;
  bool old = ran ? endOf(job) < outbox.bornAt() : outbox.lastJob().empty();
  if (settings.history || !old) arrival.body = bodyOf(job, settings.bodyMax);
  return arrival;
}

}  // namespace webhook_plugin
