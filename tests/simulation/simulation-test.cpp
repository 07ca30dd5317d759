// The queue, its store and its backends against everything that can go wrong, by seeds. See
// world.h for what happens; ledger.h, limit-watch.h, group-watch.h and preemption-watch.h for what
// must hold.
//
//   MAITRED_TEST_SEED=7 build/release/bin/simulation-test          one seed
//   MAITRED_TEST_PROFILE=long build/release/bin/simulation-test    10,000 of them
//   MAITRED_TEST_SEEDS=500 …                                       so many
//
// MAITRED_TEST_STORY=FILE writes down all that happens in the last run, and how it all looks where
// it fails.
// A seed that has failed once goes into seeds.txt and is run every time.
#include "world.h"

#include "../long-run.h"
#include "../sanitized.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

namespace maitred::simulation {
namespace {

constexpr int STEPS = 120;

struct Outcome {
  std::uint64_t hash = 0;
  Counts counts;
  std::string fault;
};

// The cycles that were recorded are decided anew; how many they were.
std::uint64_t replay(const World& world) {
  auto report = world.recorded().replay();
  if (report.differ() == 0) return report.replayed();
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
    world.rest();
    world.drain();
    outcome.counts.replayed = replay(world);
  } catch (const std::exception& violation) {
    outcome.fault = violation.what();
  } catch (const kj::Exception& exception) {
    outcome.fault = kj::str(exception).cStr();
  }
  if (!outcome.fault.empty()) {
    world.paint();
    outcome.fault += "\nBefore that:\n" + world.lately();
  }
  outcome.hash = world.hash();
  outcome.counts += world.counts();
  return outcome;
}

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// A sanitizer makes a run ten times as long; fewer of them show as much.
constexpr std::uint64_t SHORT_SEEDS = maitred::testing::SANITIZED ? 40 : 200;

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
  Counts sum;
  testing::LongRun time("seeds of the simulation");
  std::uint64_t count = 0;
  while (time.goOn(count, wanted) && !HasFailure()) {
    Outcome one = run(first + count);
    expectGood(first + count, one);
    ++count;
    sum += one.counts;
  }
  std::cout << count << " of " << wanted << " seeds:\n";
  for (const Counted& one : COUNTED) {
    std::cout << "  " << sum.*one.number << " " << one.what << "\n";
  }
  if (count < SHORT_SEEDS) return;
  // It is no proof if nothing went wrong.
  for (const Counted& one : COUNTED) {
    EXPECT_GT(static_cast<double>(sum.*one.number), one.leastPerSeed * static_cast<double>(count))
        << one.what;
  }
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
