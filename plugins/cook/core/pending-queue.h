#pragma once
// The waiting jobs of a pool that may start now, in the order in which they are served: the ranking
// behind the filters of pool, group and user quotas, launch rates, per-job limits and launch
// filters. Worked out job by job, so that the first ones cost the same however many wait behind
// them.

#include "book.h"
#include "reservations.h"
#include "waiting-history.h"

#include <functional>
#include <unordered_map>

namespace maitred::cook {

// Whether a job whose turn it is may start.
enum class Launch : std::uint8_t {
  yes,
  no,    // not now: others go on
  stop,  // nor may any behind it
};

struct QueueOptions {
  std::string pool = {};  // a resolved name
  // How many of a user's jobs above their quota are kept in the ranking. They count against quotas
  // of the whole pool and are passed by after that.
  std::size_t overQuotaMost = 100;
  // A single job may not ask for more; one that does can have been accepted under older limits.
  double jobMemMost = Quota::UNLIMITED;  // MiB
  double jobCpusMost = Quota::UNLIMITED;
  // How many launches a user may make at present; null: as many as they like.
  std::function<std::int64_t(const std::string& user)> launchTokens = nullptr;
  // False: the order alone, whatever the users' quotas and launch rates say of a single job.
  bool byUser = true;
  // What others say of jobs that nothing else speaks against; null: all may start.
  std::function<Launch(const Job& job)> mayLaunch = nullptr;
};

// The book must not change while it is in use.
class PendingQueue {
 public:
  // `kept`, which may be null: jobs of other pools for which room was made count against a quota
  // that the pools share, as if they ran. What was stopped for them would be lost in vain.
  PendingQueue(Book& book, const QueueOptions& options, Scorer& scorer,
               const Reservations* kept = nullptr);

  // Null: there are no more, or the scorer failed.
  Job* next();
  // The job that next() has given last found no node: it has used up none of its owner's launches,
  // so that jobs which nothing has room for do not hold up the owner's others.
  void notPlaced();
  bool failed() const { return order.failed(); }
  // Jobs above the per-job limits that were met so far; they are to be killed.
  const std::vector<Job*>& offensive() const { return offensive_; }
  // Users any of whose jobs were passed by for their launch rate alone.
  const std::vector<std::string>& rateLimited() const { return rateLimited_; }
  // Of each user whose jobs were passed by the first one, and why.
  const std::vector<std::pair<const Job*, Hold>>& passedBy() const { return passedBy_; }

 private:
  struct Account {
    Quota quota;
    Usage held;  // with everything up to here
    std::int64_t tokens = 0, launches = 0;
    int limited = 0;  // jobs that were passed by for their launch rate
    bool passedBy = false;
  };
  const QueueOptions& options;
  const Quotas& quotas;
  MergedOrder order;
  // Of the whole pool and of its group; none: unlimited.
  std::optional<Quota> poolQuota, groupQuota;
  Usage poolHeld, groupHeld;
  std::unordered_map<const std::string*, Account> accounts;
  Account* latest = nullptr;  // of the owner of what next() has given last
  std::vector<Job*> offensive_;
  std::vector<std::string> rateLimited_;
  std::vector<std::pair<const Job*, Hold>> passedBy_;

  void countKept(const Book& book, const Pool& pool, const Reservations& kept);
  Account& accountOf(const MergedOrder::Ranked& ranked);
  void passBy(const Job& job, Account& account, Hold hold);
};

// The first jobs of the queue, at most `limit`; by the built-in order if the scorer fails.
std::vector<Job*> firstOf(Book& book, const QueueOptions& options, Scorer& scorer,
                          std::size_t limit);

}  // namespace maitred::cook
