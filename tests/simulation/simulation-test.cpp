// The queue, its store and its backends against everything that can go wrong, by seeds. See
// world.h for what happens, ledger.h for what must hold.
//
//   MAITRED_TEST_SEED=7 build/release/bin/simulation-test          one seed
//   MAITRED_TEST_PROFILE=long build/release/bin/simulation-test    10,000 of them
//   MAITRED_TEST_SEEDS=500 …                                       so many
//
// MAITRED_TEST_STORY=FILE writes down all that happens in the last run.
// A seed that has failed once goes into seeds.txt and is run every time.
#include "world.h"

#include "../long-run.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

namespace maitred::simulation {
namespace {

constexpr int STEPS = 120;

struct Outcome {
  std::uint64_t hash = 0;
  std::size_t jobs = 0;
  World::Counts counts;
  std::uint64_t diskFailures = 0;
  std::uint64_t replayed = 0;  // cycles that were recorded and decided anew
  std::string fault;
};

void replay(const World& world, Outcome& outcome) {
  auto report = world.recorded().replay();
  outcome.replayed = report.replayed();
  if (report.differ() == 0) return;
  const auto& first = report.differences.front();
  throw Violation(first.place + ": cycle " + std::to_string(first.cycle) + " decided '" +
                  first.recorded + "', and decided anew '" + first.replayed + "'");
}

Outcome run(std::uint64_t seed) {
  World world(seed);
  Outcome outcome;
  try {
    for (int i = 0; i < STEPS; ++i) world.step();
    world.calm();
    world.drain();
    replay(world, outcome);
  } catch (const std::exception& violation) {
    outcome.fault = violation.what();
  } catch (const kj::Exception& exception) {
    outcome.fault = kj::str(exception).cStr();
  }
  if (!outcome.fault.empty()) outcome.fault += "\nBefore that:\n" + world.lately();
  outcome.hash = world.hash();
  outcome.jobs = world.jobs();
  outcome.counts = world.counts();
  outcome.diskFailures = world.itsDisk().failures();
  return outcome;
}

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// A sanitizer makes a run ten times as long; fewer of them show as much.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::uint64_t SHORT_SEEDS = 40;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr std::uint64_t SHORT_SEEDS = 40;
#else
constexpr std::uint64_t SHORT_SEEDS = 200;
#endif
#else
constexpr std::uint64_t SHORT_SEEDS = 200;
#endif

bool isLong() {
  return variable("MAITRED_TEST_PROFILE") == "long";
}

void expectGood(std::uint64_t seed, const Outcome& outcome) {
  EXPECT_EQ(outcome.fault, "") << "repeat with: MAITRED_TEST_SEED=" << seed
                               << " simulation-test --gtest_filter=Simulation.Seeds\n"
                               << "and add it to tests/simulation/seeds.txt";
}

TEST(Simulation, Seeds) {
  std::string only = variable("MAITRED_TEST_SEED");
  std::uint64_t first = only.empty() ? 1 : std::strtoull(only.c_str(), nullptr, 10);
  // In the long profile the given seed is where a round starts; alone it is the only one.
  std::uint64_t wanted = isLong() ? 10'000 : only.empty() ? SHORT_SEEDS : 1;
  if (std::string given = variable("MAITRED_TEST_SEEDS"); !given.empty()) {
    wanted = std::strtoull(given.c_str(), nullptr, 10);
  }
  Outcome sum;
  testing::LongRun time("seeds of the simulation");
  std::uint64_t count = 0;
  while (time.goOn(count, wanted) && !HasFailure()) {
    Outcome one = run(first + count);
    expectGood(first + count, one);
    ++count;
    sum.jobs += one.jobs;
    sum.counts.crashes += one.counts.crashes;
    sum.counts.powerCuts += one.counts.powerCuts;
    sum.counts.cuts += one.counts.cuts;
    sum.counts.backendCrashes += one.counts.backendCrashes;
    sum.counts.rejected += one.counts.rejected;
    sum.counts.kills += one.counts.kills;
    sum.counts.retries += one.counts.retries;
    sum.counts.revivals += one.counts.revivals;
    sum.counts.quotas += one.counts.quotas;
    sum.counts.groups += one.counts.groups;
    sum.counts.ratesExhausted += one.counts.ratesExhausted;
    sum.diskFailures += one.diskFailures;
    sum.replayed += one.replayed;
  }
  const World::Counts& all = sum.counts;
  std::cout << count << " of " << wanted << " seeds: " << sum.jobs << " jobs, " << all.crashes
            << " kills and " << all.powerCuts << " power cuts of the queue, "
            << all.backendCrashes << " crashes of a backend, " << all.cuts << " cut wires, "
            << sum.diskFailures << " faults of the disk, " << all.rejected
            << " rejected submissions, " << all.kills << " kills and " << all.retries
            << " retries by users, " << all.revivals << " of them of jobs that were over, "
            << all.groups << " groups, " << all.quotas << " changed quotas, "
            << all.ratesExhausted << " launch rates used up, " << sum.replayed
            << " cycles replayed\n";
  if (count < SHORT_SEEDS) return;
  // It is no proof if nothing went wrong.
  EXPECT_GT(sum.counts.crashes, count / 2);
  EXPECT_GT(sum.counts.powerCuts, count / 2);
  EXPECT_GT(sum.counts.backendCrashes, count);
  EXPECT_GT(sum.counts.cuts, count);
  EXPECT_GT(sum.counts.rejected, 0u);
  EXPECT_GT(sum.diskFailures, count);
  EXPECT_GT(sum.jobs, count * 20);
  EXPECT_GT(sum.counts.revivals, count / 2);
  EXPECT_GT(sum.counts.quotas, count);
  EXPECT_GT(sum.counts.groups, count);
  EXPECT_GT(sum.counts.ratesExhausted, count / 2);
  EXPECT_GT(sum.replayed, count * 100);
}

TEST(Simulation, SeedsThatFailedOnce) {
  std::ifstream file(variable("MAITRED_SOURCE_DIR") + "/tests/simulation/seeds.txt");
  ASSERT_TRUE(file) << "run it by ctest, or set MAITRED_SOURCE_DIR";
  std::string line;
  int seeds = 0;
  while (std::getline(file, line)) {
    if (line.empty() || line.front() == '#') continue;
    std::uint64_t seed = std::strtoull(line.c_str(), nullptr, 10);
    expectGood(seed, run(seed));
    ++seeds;
  }
  EXPECT_GT(seeds, 0);
}

TEST(Simulation, TheSameSeedGivesTheSameRun) {
  for (std::uint64_t seed : {11, 12, 13}) {
    auto first = run(seed).hash;
    EXPECT_EQ(run(seed).hash, first) << seed;
    EXPECT_NE(run(seed + 100).hash, first) << seed;
  }
}

}  // namespace
}  // namespace maitred::simulation
