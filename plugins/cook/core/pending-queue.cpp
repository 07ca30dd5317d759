#include "pending-queue.h"

namespace maitred::cook {
namespace {

// So many jobs of a user who may not launch now are counted against the quotas of the whole pool.
constexpr int RATE_LIMITED_MOST = 100;

}  // namespace

PendingQueue::PendingQueue(Book& book, const QueueOptions& options, Scorer& scorer,
                           const Reservations* kept)
    : options(options),
      quotas(book.quotas(options.pool)),
      order(book.rankingOf(options.pool), book.shares(options.pool), scorer,
            {false, &quotas, options.overQuotaMost}) {
  const Pool* pool = book.pools().find(options.pool);
  if (pool == nullptr) return;
  poolQuota = pool->quota;
  if (poolQuota) poolHeld = book.usage(options.pool);
  if (const Quota* shared = book.pools().groupQuota(*pool)) {
    groupQuota = *shared;
    for (const Pool* member : book.pools().groupOf(*pool)) groupHeld += book.usage(member->name);
    if (kept != nullptr) countKept(book, *pool, *kept);
  }
}

void PendingQueue::countKept(const Book& book, const Pool& pool, const Reservations& kept) {
  kept.each([&](const std::string& name, const Uuid& id, const NodeKey&) {
    const Pool* other = book.pools().find(name);
    bool shares = other != nullptr && name != pool.name && other->quotaGroup == pool.quotaGroup;
    const Job* job = shares ? book.find(id) : nullptr;
    if (job != nullptr && job->state == JobState::waiting) groupHeld += job->usage();
  });
}

PendingQueue::Account& PendingQueue::accountOf(const MergedOrder::Ranked& ranked) {
  auto [at, isNew] = accounts.try_emplace(ranked.user);
  Account& account = at->second;
  if (isNew) {
    account.quota = quotas.of(*ranked.user);
    account.held = ranked.tasks->tasks.running();
    if (options.launchTokens) account.tokens = options.launchTokens(*ranked.user);
  }
  return account;
}

// Usage only grows along the walk, so no later job of the user's can pass either. They are still
// ranked where a quota of the whole pool counts them; the ranking itself ends the walk of who is
// above their quota.
void PendingQueue::passBy(const Job& job, Account& account, Hold hold) {
  if (!account.passedBy) passedBy_.emplace_back(&job, hold);
  account.passedBy = true;
  if (!poolQuota && !groupQuota) order.skipUser();
}

void PendingQueue::notPlaced() {
  if (latest != nullptr) --latest->launches;
  latest = nullptr;
}

Job* PendingQueue::next() {
  latest = nullptr;
  while (auto ranked = order.next()) {
    Job& job = *ranked->job;
    Usage its = job.usage();
    poolHeld += its;
    groupHeld += its;
    if ((poolQuota && !poolQuota->allows(poolHeld)) ||
        (groupQuota && !groupQuota->allows(groupHeld))) {
      return nullptr;  // whatever follows is above it too
    }
    if (its.mem > options.jobMemMost || its.cpus > options.jobCpusMost) {
      offensive_.push_back(&job);
      continue;
    }
    if (!options.byUser) return &job;
    Account& account = accountOf(*ranked);
    account.held += its;
    if (!account.quota.allows(account.held)) {
      passBy(job, account, Hold::quota);
      continue;
    }
    if (options.launchTokens && account.launches >= account.tokens) {
      if (account.limited == 0) rateLimited_.push_back(*ranked->user);
      if (++account.limited > RATE_LIMITED_MOST) order.skipUser();
      passBy(job, account, Hold::launchRate);
      continue;
    }
    Launch launch = options.mayLaunch ? options.mayLaunch(job) : Launch::yes;
    if (launch == Launch::no) continue;
    if (launch == Launch::stop) return nullptr;
    ++account.launches;
    latest = &account;
    return &job;
  }
  return nullptr;
}

std::vector<Job*> firstOf(Book& book, const QueueOptions& options, Scorer& scorer,
                          std::size_t limit) {
  const Pool* pool = book.pools().find(options.pool);
  Scorer& builtIn = builtInScorer(pool != nullptr && pool->druMode == DruMode::gpu);
  for (Scorer* with : {&scorer, &builtIn}) {
    std::vector<Job*> jobs;
    PendingQueue queue(book, options, *with);
    while (jobs.size() < limit) {
      Job* job = queue.next();
      if (job == nullptr) break;
      jobs.push_back(job);
    }
    if (!queue.failed()) return jobs;
  }
  return {};
}

}  // namespace maitred::cook
