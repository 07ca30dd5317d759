#pragma once
// Records: what the queue knows, in plain tables, which an operator may query while it runs:
//
//   SELECT user, state, count(*) FROM jobs GROUP BY 1, 2;
//   SELECT j.user, i.hostname, i.reason FROM instances i JOIN jobs j ON j.uuid = i.job WHERE
//   i.status = 'failed';
//   SELECT datetime(at_ms / 1000, 'unixepoch'), user, action, target, reason FROM audit;
//
// Every promise resolves when the change is durable. One that is rejected left nothing behind. All
// of it on one loop; the work is done on the store's threads.

#include "administration.h"

#include <core/types.h>

#include <maitred/store.h>

namespace maitred::cook {

// What changes in a job after its submission.
struct JobUpdate {
  Uuid id;
  JobState state;
  std::int64_t waitingSinceMs;
  std::int64_t completedMs;
  std::int64_t maxRetries;
  std::uint64_t sequence;
  std::vector<Instance> instances;  // to insert or overwrite
  std::vector<Uuid> withdrawn;      // to delete
};

// The highest numbers ever given out: they outlive the jobs that had them.
struct Counters {
  std::uint64_t order = 0;
  std::uint64_t sequence = 0;
};

class Records {
 public:
  // See store::Store::open for what it rejects with.
  static kj::Promise<kj::Own<Records>> open(std::string url, std::string directory);
  static kj::Promise<kj::Own<Records>> open(store::Options options);  // sets the migrations
  explicit Records(kj::Own<store::Store> store) : store_(kj::mv(store)) {}

  // Every job with its instances, by order of creation.
  kj::Promise<std::vector<Job>> load();
  kj::Promise<Administration> loadAdministration();
  kj::Promise<Counters> loadCounters();

  // All of them or none. Rejects if a job's id is taken; a group that is known stays as it is. The
  // jobs must not change until the promise resolves, whether or not it is still wanted.
  kj::Promise<void> insert(std::uint64_t fence, std::shared_ptr<const std::vector<Job>> jobs,
                           std::vector<GroupRow> groups = {}, std::vector<AuditLine> audit = {});
  // One transaction, however many they are.
  kj::Promise<void> update(std::uint64_t fence, std::vector<JobUpdate> updates,
                           std::vector<AuditLine> audit = {});
  // Deletes jobs with their instances, groups that are left without a job by that, and those of
  // `groups` that have none. Unknown ids are passed by. `counters` are kept with it, so that no
  // later job gets the numbers of a deleted one.
  kj::Promise<void> remove(std::uint64_t fence, std::vector<Uuid> jobs, Counters counters,
                           std::vector<Uuid> groups = {});

  // Shares, quotas and their lines in the audit log, in one transaction.
  kj::Promise<void> administer(std::uint64_t fence, AdminChange change);
  // A line for a change that has no row of its own, such as the kill of another user's job.
  kj::Promise<void> append(std::uint64_t fence, AuditLine line);
  // The latest `most` lines, the newest first.
  kj::Promise<std::vector<AuditLine>> audit(std::size_t most);

  // What is wrong in the tables, a sentence each; empty = sound. Reads all of it.
  kj::Promise<std::vector<std::string>> findings();

  store::Store& store() { return *store_; }
  kj::Promise<void> close() { return store_->close(); }
  // Resolves once something was written and is durable: whether there is room again.
  kj::Promise<void> trial();
  // What ails the store as a whole; empty if nothing does.
  std::string trouble() const;

 private:
  kj::Own<store::Store> store_;
};

}  // namespace maitred::cook
