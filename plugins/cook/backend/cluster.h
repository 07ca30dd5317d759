#pragma once
// Cluster: the queue's side of one granted backend. It attaches, tells what we believe to be alive,
// turns batches into news for the book and the node table, and launches and kills. Nothing here is
// kept: after a break everything is told anew, and the ids of tasks make that harmless.

#include "execution.h"

#include <store/journal.h>

#include <core/cycle.h>
#include <core/runtimes.h>

#include <maitred/async.h>
#include <maitred/attachment.h>
#include <maitred/schema/backend.capnp.h>

namespace maitred::cook {

// What a cluster needs of the queue that owns it.
class ClusterOwner {
 public:
  virtual Book& book() = 0;
  virtual NodeTable& nodes() = 0;
  virtual Journal& journal() = 0;
  virtual log::Logger& log() = 0;
  virtual kj::Timer& timer() = 0;
  virtual std::int64_t nowMs() = 0;     // wall clock, unix ms: for what people read
  virtual std::int64_t steadyMs() = 0;  // never jumps: for pauses
  virtual const RuntimeLimits& runtimeLimits() = 0;
  virtual const ExecutionSettings& execution() = 0;
  virtual kj::StringPtr consumerName() = 0;
  virtual void kick() = 0;                         // room or jobs appeared
  virtual void kickAt(std::int64_t steadyMs) = 0;  // a pause ends then
  // It told how far it is.
  virtual void progressed(const Uuid& taskId, ProgressReport report) = 0;
  virtual void silent(const Uuid& taskId) = 0;     // its node is unreachable
  virtual void refused(const char* reason) = 0;    // counts
};

class Cluster final : private kj::TaskSet::ErrorHandler {
 public:
  // Attaches at once and for as long as it lives.
  Cluster(ClusterOwner& owner, std::string name, backend::Backend::Client backend,
          std::uint64_t fence, std::uint64_t seed);
  ~Cluster() noexcept(false);
  KJ_DISALLOW_COPY(Cluster);

  const std::string& name() const { return name_; }
  bool attached() const { return ready; }
  kj::StringPtr lastError() const { return attachment->lastError(); }
  const std::string& kind() const { return kind_; }  // "local", …; empty until attached

  // Whether anything new is started there; what runs goes on.
  void setTakesWork(bool value);

  // The instances must be durable. Without a session nothing is sent: the next one starts with
  // them.
  void launch(const std::vector<CycleResult::Started>& started);
  void kill(const std::vector<Uuid>& tasks);

 private:
  class ObserverServer;
  struct Link : public kj::Refcounted {
    explicit Link(Cluster& cluster) : cluster(&cluster) {}
    Cluster* cluster;  // null once the attachment is over
  };

  ClusterOwner& owner;
  std::string name_;
  std::string kind_;
  backend::Backend::Client backend;
  std::uint64_t fence;
  std::size_t launchBatchMost = 500;

  // Of the present attachment.
  kj::Maybe<backend::Session::Client> session;
  kj::Own<Link> link;
  kj::Maybe<kj::Own<kj::PromiseFulfiller<void>>> breaker;  // rejecting it ends the attachment
  std::uint64_t epoch = 0;
  std::uint64_t cursor = 0;
  bool inSnapshot = false;
  std::set<std::string> named;  // nodes of the snapshot that is arriving
  bool ready = false;
  bool takesWork = true;
  std::set<std::string> closed;  // nodes that take no work by the backend's own word

  kj::TaskSet tasks;
  OwnedWork applying;
  kj::Own<Attachment> attachment;

  kj::Promise<kj::Promise<void>> attach();
  Async<kj::Promise<void>> attachSteps();
  kj::Promise<void> expect(backend::Session::Client session);
  void detached();
  void giveUp(kj::Exception&& exception);

  kj::Promise<void> apply(backend::Batch::Reader batch);
  void beginPart(backend::Batch::Reader batch);
  void endSnapshot();
  void applyNode(backend::NodeChange::Reader change);
  void applyStatus(backend::TaskStatus::Reader status, std::vector<Uuid>& strangers);
  void applyNews(const Book::Found& found, backend::TaskStatus::Reader status);
  void sendLaunch(std::vector<CycleResult::Started> batch);
  void answered(const CycleResult::Started& one, backend::LaunchResult::Reader result);
  void withdraw(const Uuid& taskId, const NodeKey& node, bool blameNode, std::int64_t retryAfterMs);
  bool stillWanted(const CycleResult::Started& one);
  void neverRan(const Uuid& taskId, const NodeKey& node, int reason);
  void taskFailed(kj::Exception&& exception) override;
};

}  // namespace maitred::cook
