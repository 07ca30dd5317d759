// The rebalancer over random states: its walk finds what the plain rules of section 14 say, and
// what it decides keeps the promises made to users.
#include "pool-world.h"

#include "../../sanitized.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace maitred::cook {
namespace {

// Section 14 as it is written: every prefix on every host for every job.
class Reference {
 public:
  struct Task {
    const Job* job;
    std::string user, host;
    bool real;
    double score = 0;
  };
  struct Made {
    const Job* job;
    std::string host;
    double score;
    std::vector<const Job*> victims;  // those that are only placed too
    bool operator==(const Made&) const = default;
  };

  Reference(PoolWorld& world, const RebalanceOptions& options) : world(world), options(options) {
    world.book.each([&](Job& job) {
      if (const Instance* live = job.live()) {
        tasks.push_back({&job, job.spec.user, live->hostname, true});
      }
    });
    for (const auto& [key, node] : world.nodes.all()) {
      spare[node->facts.hostname] = node->free();
    }
    score();
  }

  std::vector<Made> round() {
    QueueOptions order = options.queue;
    std::vector<Job*> pending;
    order.byUser = false;
    for (Job* job : firstOf(world.book, order, builtInScorer(false), options.preemptionMost)) {
      consider(*job);
    }
    return made;
  }

 private:
  PoolWorld& world;
  const RebalanceOptions& options;
  std::vector<Task> tasks;  // of each user in order
  std::map<std::string, Amount> spare;
  std::vector<Made> made;
  std::vector<const Job*> passedBy;  // they wait on, and count against their owners' quotas
  std::vector<const Job*> stopped;   // they wait again, each in its place

  // Of tasks of one user: those with a higher priority, then those that started earlier, then
  // those that were placed in this round.
  bool before(const Task& a, const Task& b) const {
    auto key = [](const Task& task) {
      return std::tuple(-task.job->spec.priority,
                        task.real ? task.job->live()->startMs : INT64_MAX);
    };
    return key(a) < key(b);
  }
  void score() {
    std::stable_sort(tasks.begin(), tasks.end(),
                     [&](const Task& a, const Task& b) { return before(a, b); });
    std::map<std::string, Usage> held;
    for (Task& task : tasks) {
      Usage& its = held[task.user];
      its += task.job->usage();
      Share share = world.book.shares(PoolWorld::POOL).of(task.user);
      task.score = std::max(its.mem / share.mem, its.cpus / share.cpus);
    }
  }
  Usage inFront(const Job& job) const {
    Usage usage;
    for (const Job* other : passedBy) {
      if (other->spec.user == job.spec.user) usage += other->usage();
    }
    for (const Job* other : stopped) {
      auto place = [](const Job& one) { return std::pair(-one.spec.priority, one.order); };
      bool isBefore = other->spec.user == job.spec.user && place(*other) < place(job);
      if (isBefore) usage += other->usage();
    }
    return usage;
  }
  double pendingScore(const Job& job) const {
    double last = 0;
    for (const Task& task : tasks) {
      bool inFront = task.job->spec.priority >= job.spec.priority;
      if (task.user == job.spec.user.str() && inFront) last = task.score;
    }
    Share share = world.book.shares(PoolWorld::POOL).of(job.spec.user.str());
    Usage more = inFront(job);
    more += job.usage();
    return std::max(last + more.mem / share.mem, last + more.cpus / share.cpus);
  }
  bool quotaAllows(const Job& job, const std::vector<Task>& victims) const {
    Usage held = inFront(job);
    held += job.usage();
    for (const Task& task : tasks) {
      bool goes = std::any_of(victims.begin(), victims.end(),
                              [&](const Task& one) { return one.job == task.job; });
      if (task.user == job.spec.user.str() && !goes) held += task.job->usage();
    }
    return world.book.quotas(PoolWorld::POOL).of(job.spec.user.str()).allows(held);
  }

  void consider(const Job& job) {
    double pending = pendingScore(job);
    bool below = quotaAllows(job, {});
    std::vector<Task> preemptable;
    for (const Task& task : tasks) {
      if (!below && task.user != job.spec.user.str()) continue;
      if (task.score >= options.safeScore && task.score - pending > options.scoreGainLeast) {
        preemptable.push_back(task);
      }
    }
    // Of equal scores by name, the later one of a user's first.
    std::reverse(preemptable.begin(), preemptable.end());
    std::stable_sort(preemptable.begin(), preemptable.end(), [](const Task& a, const Task& b) {
      return std::tuple(-a.score, a.user) < std::tuple(-b.score, b.user);
    });
    std::optional<Made> best;
    std::vector<Task> gone;
    for (const auto& [host, room] : spare) {
      if (!suits(job, host)) continue;
      Amount sum = room;
      std::vector<Task> prefix;
      double score = Decision::FREE_ANYWAY;
      bool enough = fits(job, sum) && quotaAllows(job, {});
      for (const Task& task : preemptable) {
        if (enough || task.host != host) continue;
        prefix.push_back(task);
        sum += Amount::of(task.job->spec);
        score = task.score;
        enough = fits(job, sum) && quotaAllows(job, prefix);
      }
      if (!enough || (best && score < best->score)) continue;
      best = Made{&job, host, score, {}};
      for (const Task& task : prefix) best->victims.push_back(task.job);
      gone = prefix;
    }
    if (best) {
      apply(job, *best, gone);
    } else {
      passedBy.push_back(&job);
    }
  }
  static bool fits(const Job& job, const Amount& room) {
    return Amount::of(job.spec).fitsIn(room);
  }
  bool suits(const Job& job, const std::string& host) const {
    for (const AttributeRule& rule : job.spec.constraints) {
      if (!world.nodes.find({"local", host})->has(rule)) return false;
    }
    return true;
  }
  void apply(const Job& job, const Made& decision, const std::vector<Task>& gone) {
    for (const Task& task : gone) {
      spare[decision.host] += Amount::of(task.job->spec);
      stopped.push_back(task.job);
      std::erase_if(tasks, [&](const Task& one) { return one.job == task.job; });
    }
    spare[decision.host] -= Amount::of(job.spec);
    tasks.push_back({&job, job.spec.user, decision.host, false});
    score();
    made.push_back(decision);
  }
};

class RandomPool : public PoolWorld {
 public:
  explicit RandomPool(std::uint64_t seed) : random(seed) {
    options.queue.byUser = true;
    hosts = 1 + pick(4);
    book.shares(POOL).set("default", {1.0 + pick(16), 1.0 + pick(16), {}});
    book.shares(POOL).set("u0", {20, 20, {}});
    if (pick(2) == 0) book.quotas(POOL).set("u1", {.count = pick(4)});
    if (pick(2) == 0) book.quotas(POOL).set("u2", {.cpus = 2.0 + pick(8)});
    std::map<std::string, double> size;
    for (int i = pick(24); i-- > 0;) {
      Job job = random_job();
      std::string host = "h" + std::to_string(pick(hosts));
      size[host] += std::max(job.spec.cpus, job.spec.mem);
      start(add(std::move(job)), host);
    }
    for (int i = 0; i < hosts; ++i) {
      std::string host = "h" + std::to_string(i);
      double more = pick(3) == 0 ? pick(4) : 0;
      node(host, size[host] + more, size[host] + more);
    }
    for (int i = 1 + pick(12); i-- > 0;) {
      Job job = random_job();
      if (pick(6) == 0) job.spec.constraints = {{"HOSTNAME", "h" + std::to_string(pick(hosts))}};
      add(std::move(job));
    }
  }
  RebalanceOptions rules() {
    RebalanceOptions made{.queue = {.pool = POOL}};
    made.preemptionMost = 1 + pick(12);
    made.scoreGainLeast = pick(3) / 4.0;
    made.safeScore = pick(2) == 0 ? 1.0 : 0.25;
    return made;
  }
  int pick(int below) { return static_cast<int>(random() % static_cast<unsigned>(below)); }
  // Halves, so that sums are exact in any order.
  Job random_job() {
    Job job = make("u" + std::to_string(pick(5)), (1 + pick(8)) / 2.0, (1 + pick(8)) / 2.0);
    job.spec.priority = 50 + 10 * pick(3);
    now += pick(2);
    return job;
  }

  std::mt19937_64 random;
  int hosts;
};

std::vector<Decision> decide(RandomPool& pool, const RebalanceOptions& rules) {
  return rebalance(pool.book, pool.nodes, builtInScorer(false), nullptr, rules, pool.now)
      .decisions;
}

constexpr int SEEDS = maitred::testing::SANITIZED ? 40 : 200;

class RebalancerProperties : public ::testing::Test {};

TEST_F(RebalancerProperties, TheWalkFindsWhatThePlainRulesSay) {
  int withVictims = 0;
  for (int seed = 1; seed <= SEEDS; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    RandomPool pool(seed);
    RebalanceOptions rules = pool.rules();
    auto expected = Reference(pool, rules).round();
    auto found = decide(pool, rules);
    ASSERT_EQ(found.size(), expected.size());
    for (std::size_t i = 0; i < found.size(); ++i) {
      EXPECT_EQ(found[i].job, expected[i].job) << i;
      EXPECT_EQ(found[i].hostname, expected[i].host) << i;
      EXPECT_DOUBLE_EQ(found[i].score, expected[i].score) << i;
      ASSERT_EQ(found[i].tasks, expected[i].victims.size()) << i;
      std::vector<const Job*> running;
      for (const Job* victim : expected[i].victims) {
        if (victim->live() != nullptr) running.push_back(victim);
      }
      ASSERT_EQ(found[i].victims.size(), running.size()) << i;
      for (std::size_t k = 0; k < running.size(); ++k) {
        EXPECT_EQ(found[i].victims[k].job, running[k]) << i << " " << k;
      }
      withVictims += !running.empty();
    }
  }
  EXPECT_GT(withVictims, SEEDS / 4) << "the states should give the rules something to do";
}

TEST_F(RebalancerProperties, NobodyLosesMoreThanWhatIsAboveTheirShareOrGetsAboveTheirQuota) {
  for (int seed = 1; seed <= SEEDS; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    RandomPool pool(1000 + seed);
    RebalanceOptions rules = pool.rules();
    rules.safeScore = 1;
    // `most`: with the jobs for which the round makes room, which count as held from then on.
    std::map<std::string, Usage> most, after;
    for (const auto& [user, tasks] : pool.book.ranking(PoolWorld::POOL).users()) {
      most[user] = after[user] = pool.book.usage(PoolWorld::POOL, user);
    }
    std::set<std::string> losers;
    for (const Decision& one : decide(pool, rules)) {
      for (const Victim& victim : one.victims) {
        Usage its = victim.job->usage();
        Usage& left = after[victim.job->spec.user];
        left = {left.mem - its.mem, left.cpus - its.cpus, left.gpus - its.gpus,
                left.count - its.count};
        losers.insert(victim.job->spec.user);
      }
      Usage& gained = after[one.job->spec.user];
      gained += one.job->usage();
      most[one.job->spec.user] += one.job->usage();
      Quota quota = pool.book.quotas(PoolWorld::POOL).of(one.job->spec.user.str());
      EXPECT_TRUE(quota.allows(gained)) << one.job->spec.user;
    }
    for (const std::string& user : losers) {
      Share share = pool.book.shares(PoolWorld::POOL).of(user);
      double score = std::max(most[user].mem / share.mem, most[user].cpus / share.cpus);
      EXPECT_GE(score, 1) << user << " was below their share";
    }
  }
}

// Rounds and cycles in turn, with the victims gone and the room used.
class SmallModel : public RandomPool {
 public:
  using RandomPool::RandomPool;

  // How many tasks were stopped.
  std::size_t round(const RebalanceOptions& rules) {
    auto decisions = decide(*this, rules);
    std::size_t stopped = 0;
    for (const Decision& one : decisions) {
      for (const Victim& victim : one.victims) {
        stopped += book.fail(victim.taskId, Reason::PREEMPTED, Book::Stop::preemption, now);
      }
    }
    nodes.reservations().replace(POOL, reservationsFor(decisions));
    for (const Decision& one : decisions) {
      for (const Victim& victim : one.victims) end(victim.taskId, InstanceStatus::failed);
    }
    cycle();
    cycle();
    return stopped;
  }
};

TEST_F(RebalancerProperties, RoundsComeToRest) {
  std::size_t total = 0;
  for (int seed = 1; seed <= SEEDS; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    SmallModel pool(2000 + seed);
    RebalanceOptions rules{.queue = {.pool = PoolWorld::POOL}, .preemptionMost = 8};
    rules.scoreGainLeast = 0.5;
    MeaCulpaLimits free;
    free.global = -1;
    pool.book.setLimits(free);
    std::size_t last = 1;
    int rounds = 0;
    for (; rounds < 60 && last != 0; ++rounds) total += last = pool.round(rules);
    EXPECT_EQ(last, 0u) << "tasks are stopped for ever";
  }
  EXPECT_GT(total, 0u);
}

}  // namespace
}  // namespace maitred::cook
