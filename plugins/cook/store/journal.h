#pragma once
// Journal: makes durable what changes in the book, in groups: one write is under way, and what
// changes meanwhile goes into the next. A failed write is repeated until it succeeds, since the
// book is ahead of the store then; whoever waited for it hears of the failure at once.

#include "archive.h"

#include <core/book.h>

#include <maitred/log.h>
#include <maitred/work.h>

#include <kj/timer.h>

#include <set>
#include <unordered_set>

namespace maitred::cook {

class Journal final : private kj::TaskSet::ErrorHandler {
 public:
  Journal(Book& book, Records& records, kj::Timer& timer, log::Logger& log);
  KJ_DISALLOW_COPY(Journal);

  void setFence(std::uint64_t value) { fence = value; }
  std::uint64_t fenceInForce() const { return fence; }
  // Once the book has the jobs of the store, all of which are durable.
  void loaded(Counters counters);

  // Resolves when everything that the book holds now is durable; rejects with the store's fault.
  kj::Promise<void> flush();
  // A line for the audit log, written in the same transaction as what the book holds now: call it
  // right after the change and before flush(). It is owed until it is durable.
  void note(AuditLine line) { notes.push_back(std::move(line)); }

  // Writes new jobs and adds them to the book once they are durable. Their ids are taken from the
  // start, see pending(). The jobs' order and sequence are set here. Groups and audit lines become
  // durable with them or not at all.
  kj::Promise<void> insert(std::vector<Job> jobs, std::vector<GroupRow> groups = {},
                           std::vector<AuditLine> audit = {});
  // The id is taken though the book does not know it: by a job that is being inserted, or by one
  // that it has forgotten and the store has not deleted yet.
  bool pending(const Uuid& id) const { return inserting.contains(id) || forgotten.contains(id); }
  // The same of a group.
  bool pendingGroup(const Uuid& id) const {
    return insertingGroups.contains(id) || forgottenGroups.contains(id);
  }

  struct PruneRule {
    std::int64_t nowMs = 0;
    std::int64_t beforeMs = 0;              // jobs that ended before it go,
    std::size_t keep = SIZE_MAX;            // and those beyond this number
    kj::Maybe<Archive&> archive = nullptr;  // where they go; null: nowhere
  };
  // Lets go of the oldest completed jobs, at most PRUNED_AT_ONCE, and of groups that no job has
  // joined in that time; resolves with the number of jobs. They
  // are durable in the archive before the book forgets them and the store deletes them; whatever
  // fails is made up for by a later call. Jobs with changes that are not durable stay.
  static constexpr std::size_t PRUNED_AT_ONCE = 1000;
  kj::Promise<std::size_t> prune(PruneRule rule);

  // Every change up to this sequence is durable, and every job with one is in the book.
  std::uint64_t durableSequence() const;
  // Called after it grew.
  void onDurable(kj::Function<void()> callback) { durableCallback = kj::mv(callback); }
  // Called with the instances of which something has become durable, before that.
  void onWritten(kj::Function<void(const std::vector<Uuid>&)> callback) {
    writtenCallback = kj::mv(callback);
  }
  // Empty while the store works.
  const std::string& trouble() const { return fault; }

 private:
  Book& book;
  Records& records;
  kj::Timer& timer;
  log::Logger& log;
  std::uint64_t fence = 0;
  std::uint64_t durable = 0;
  // The first sequence of each insertion that is under way; those of one follow one another.
  std::set<std::uint64_t> unadded;
  std::unordered_set<Uuid> inserting;
  std::multiset<Uuid> insertingGroups;
  std::set<Uuid> forgotten, forgottenGroups;  // to be deleted from the store
  bool pruning = false;
  std::vector<AuditLine> notes;
  kj::Function<void()> durableCallback = [] {};
  kj::Function<void(const std::vector<Uuid>&)> writtenCallback = [](const auto&) {};
  std::string fault;
  bool writing = false, trying = false;
  kj::Duration pause;

  struct Batch {
    kj::ForkedPromise<void> done;
    kj::Own<kj::PromiseFulfiller<void>> fulfiller;
  };
  kj::Maybe<Batch> next;  // whoever waits for the write after the present one
  kj::TaskSet tasks;
  OwnedWork inserts;

  // What one write carries, kept until it is known to be durable.
  struct Load {
    std::vector<Book::Change> changes;
    std::vector<AuditLine> notes;
    std::uint64_t upTo = 0;
  };

  std::vector<Job> prunable(const PruneRule& rule) const;
  void forget(const std::vector<Job>& jobs);
  void forgetGroups(const PruneRule& rule);
  kj::Promise<std::size_t> deleteForgotten();

  void startWrite();
  kj::Promise<void> write(const Load& load);
  void giveBack(Load load);
  void ended(kj::Maybe<Batch> batch, kj::Maybe<kj::Exception> fault);
  bool due() const { return book.hasChanges() || !notes.empty(); }
  // What one insertion carries.
  struct Fresh {
    std::shared_ptr<std::vector<Job>> jobs;
    std::vector<GroupRow> groups;
  };
  void release(const Fresh& fresh);
  void inserted(Fresh& fresh);
  void refused(const kj::Exception& exception);
  void tryAgain();
  void succeeded();
  void failed(const kj::Exception& exception);
  void taskFailed(kj::Exception&& exception) override;
};

}  // namespace maitred::cook
