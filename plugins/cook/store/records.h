#pragma once
// Records: jobs and instances in two plain tables, which an operator may query while the queue
// runs:
//
//   SELECT user, state, count(*) FROM jobs GROUP BY 1, 2;
//   SELECT j.user, i.hostname, i.reason FROM instances i JOIN jobs j ON j.uuid = i.job WHERE
//   i.status = 'failed';

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

class Records {
 public:
  // See store::Store::open for what it rejects with.
  static kj::Promise<kj::Own<Records>> open(std::string url, std::string directory);
  static kj::Promise<kj::Own<Records>> open(store::Options options);  // sets the migrations
  explicit Records(kj::Own<store::Store> store) : store(kj::mv(store)) {}

  // Every job with its instances, by order of creation.
  kj::Promise<std::vector<Job>> load();
  // All of them or none. Rejects if an id is taken.
  kj::Promise<void> insert(std::uint64_t fence, std::vector<Job> jobs);
  kj::Promise<void> update(std::uint64_t fence, std::vector<JobUpdate> updates);
  kj::Promise<void> remove(std::uint64_t fence, std::vector<Uuid> jobs);
  kj::Promise<void> close() { return store->close(); }
  // What ails the store as a whole; empty if nothing does.
  std::string trouble() const;

 private:
  kj::Own<store::Store> store;
};

}  // namespace maitred::cook
