// Properties of the order over random states: the lazy, incremental order is that of a plain sort,
// and filters are those of the plain rules.
#include <core/pending-queue.h>

#include <gtest/gtest.h>

#include <cstdlib>
#include <random>

namespace maitred::cook {
namespace {

const std::string POOL = "p";

std::uint64_t seedOf(int number) {
  const char* given = std::getenv("MAITRED_TEST_SEED");
  return (given == nullptr ? 0 : std::strtoull(given, nullptr, 10)) + number;
}

class State {
 public:
  explicit State(std::uint64_t seed) : random(seed) {
    book.setPools(Pools({{.name = POOL}}, POOL));
    book.shares(POOL).set("default", {64, 16, {}});
    if (random() % 2 == 0) book.shares(POOL).set(name(0), {128, 8, {}});
    for (int i = 0; i < 120; ++i) change();
  }
  Book book;
  std::mt19937_64 random;

  std::string name(int user) { return std::string(1, static_cast<char>('a' + user)); }
  Job& submit(const std::string& user, int priorities = 3) {
    Job job;
    job.spec.pool = POOL;
    job.spec.id = {seed(), ++ids};
    job.spec.user = user;
    // Halves and quarters: sums are exact in any order, so that the reference may differ in it.
    job.spec.mem = (1 + random() % 32) / 4.0;
    job.spec.cpus = (1 + random() % 16) / 4.0;
    job.spec.priority = random() % priorities;
    job.spec.maxRetries = 1000;
    job.order = book.nextOrder();
    job.sequence = book.nextSequence();
    return *book.add(std::move(job));
  }
  void change() {
    ++now;
    if (random() % 3 != 0) {
      submit(name(random() % 5));
      return;
    }
    std::vector<Job*> all = jobs();
    if (all.empty()) return;
    Job& job = *all[random() % all.size()];
    if (job.live() == nullptr && job.state == JobState::waiting) {
      book.start(job, {9, ++ids}, {}, now);
    } else if (const Instance* live = job.live(); live != nullptr && random() % 3 == 0) {
      Report end;
      end.status = random() % 2 == 0 ? InstanceStatus::success : InstanceStatus::failed;
      book.report(Uuid(live->taskId), end, now);
    } else if (random() % 4 == 0) {
      book.kill(job, now);
    }
  }
  // In the order of their creation.
  std::vector<Job*> jobs() {
    std::vector<Job*> all;
    book.each([&](Job& job) { all.push_back(&job); });
    std::sort(all.begin(), all.end(), [](Job* a, Job* b) { return a->order < b->order; });
    return all;
  }

  // The rules of the order and its filters, one after the other on whole lists.
  struct Ranked {
    Job* job;
    double score;
  };
  std::vector<Ranked> sorted(std::size_t overQuotaMost) {
    std::vector<std::vector<Ranked>> lists;
    std::vector<std::uint64_t> served;
    for (int user = 0; user < 5; ++user) {
      lists.push_back(listOf(name(user), overQuotaMost));
      const auto* known = book.ranking(POOL).find(name(user));
      served.push_back(known == nullptr ? 0 : known->served);
    }
    std::vector<Ranked> merged;
    std::vector<std::size_t> at(5);
    int last = -1;
    while (true) {
      int best = -1;
      for (int i = 0; i < 5; ++i) {
        if (at[i] == lists[i].size()) continue;
        if (best < 0) {
          best = i;
          continue;
        }
        double mine = lists[i][at[i]].score, its = lists[best][at[best]].score;
        bool tieWins = i == last || (best != last && served[i] < served[best]);
        if (mine < its || (mine == its && tieWins)) best = i;
      }
      if (best < 0) return merged;
      merged.push_back(lists[best][at[best]++]);
      last = best;
    }
  }
  std::vector<Job*> filtered(const Quota& pool, std::size_t overQuotaMost) {
    std::vector<Job*> kept;
    Usage poolHeld = book.usage(POOL);
    std::map<std::string, Usage> held;
    for (const Ranked& one : sorted(overQuotaMost)) {
      poolHeld += one.job->usage();
      if (!pool.allows(poolHeld)) continue;
      const std::string& user = one.job->spec.user;
      auto its = held.try_emplace(user, book.usage(POOL, user)).first;
      its->second += one.job->usage();
      if (book.quotas(POOL).of(user).allows(its->second)) kept.push_back(one.job);
    }
    return kept;
  }

 private:
  std::uint64_t ids = 0;
  std::int64_t now = 1000;
  std::uint64_t seed() { return random(); }

  std::vector<Ranked> listOf(const std::string& user, std::size_t overQuotaMost) {
    std::vector<Job*> mine;
    for (Job* job : jobs()) {
      bool active = job->live() != nullptr || job->state == JobState::waiting;
      if (job->spec.user == user && active) mine.push_back(job);
    }
    auto key = [](const Job* job) {
      const Instance* live = job->live();
      return std::tuple(-job->spec.priority, live == nullptr, live == nullptr ? 0 : live->startMs,
                        job->order);
    };
    std::sort(mine.begin(), mine.end(), [&](Job* a, Job* b) { return key(a) < key(b); });
    std::vector<Ranked> list;
    Usage held;
    std::size_t over = 0;
    Share share = book.shares(POOL).of(user);
    Quota quota = book.quotas(POOL).of(user);
    for (Job* job : mine) {
      held += job->usage();
      if (!quota.allows(held) && ++over > overQuotaMost) break;
      if (job->live() != nullptr) continue;
      list.push_back({job, std::max(held.mem / share.mem, held.cpus / share.cpus)});
    }
    return list;
  }
};

class Properties : public ::testing::TestWithParam<int> {};

std::vector<Job*> lazily(State& state) {
  QueueOptions options;
  options.pool = POOL;
  return firstOf(state.book, options, builtInScorer(false), 1'000'000);
}

TEST_P(Properties, TheLazyOrderIsThatOfASort) {
  State state(seedOf(GetParam()));
  for (int round = 0; round < 8; ++round) {
    std::vector<Job*> expected;
    for (const auto& one : state.sorted(1'000'000)) expected.push_back(one.job);
    ASSERT_EQ(lazily(state), expected) << "round " << round;
    for (int i = 0; i < 15; ++i) state.change();
    if (round == 4) state.book.shares(POOL).update("c", {.cpus = 2});
  }
}

TEST_P(Properties, FiltersAreThoseOfThePlainRules) {
  State state(seedOf(GetParam()));
  for (int round = 0; round < 8; ++round) {
    state.book.quotas(POOL).set("default", {.cpus = 1.0 + state.random() % 40});
    state.book.quotas(POOL).set("b", {.count = static_cast<std::int64_t>(state.random() % 20)});
    Quota pool;
    if (round % 2 == 1) pool.mem = static_cast<double>(20 + state.random() % 400);
    state.book.setPools(Pools({{.name = POOL, .quota = pool}}, POOL));
    QueueOptions options;
    options.pool = POOL;
    options.overQuotaMost = state.random() % 8;
    EXPECT_EQ(firstOf(state.book, options, builtInScorer(false), 1'000'000),
              state.filtered(pool, options.overQuotaMost))
        << "round " << round;
    for (int i = 0; i < 15; ++i) state.change();
  }
}

TEST_P(Properties, MoreLoadOfOneUserNeverMovesThemForward) {
  State state(seedOf(GetParam()));
  auto ranksOfA = [&] {
    std::map<const Job*, std::set<const Job*>> before;  // each job of a: the others' behind it
    std::vector<Job*> order = lazily(state);
    for (std::size_t i = 0; i < order.size(); ++i) {
      if (!(order[i]->spec.user == "a")) continue;
      for (std::size_t j = i + 1; j < order.size(); ++j) {
        if (!(order[j]->spec.user == "a")) before[order[i]].insert(order[j]);
      }
    }
    return before;
  };
  // Odd shares: no equal scores, whose order may turn.
  state.book.shares(POOL).set("a", {61.7, 15.3, {}});
  auto before = ranksOfA();
  Job& load = state.submit("a", 1);
  ASSERT_NE(state.book.start(load, {77, 77}, {}, 1), nullptr);
  for (const auto& [job, behind] : ranksOfA()) {
    for (const Job* other : behind) EXPECT_TRUE(before[job].contains(other));
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, Properties, ::testing::Range(1, 13));

}  // namespace
}  // namespace maitred::cook
