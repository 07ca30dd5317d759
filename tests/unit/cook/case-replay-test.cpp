// Histories by seeds, recorded and decided anew: every decision must come out as it was, bit for
// bit.
#include "case-history.h"

#include "../../sanitized.h"

#include <case/replay.h>
#include <case/show.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace maitred::cook {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

ReplayReport replayed(const std::vector<std::string>& files) {
  CaseReplay replay({});
  for (std::size_t i = 0; i < files.size(); ++i) replay.add("file" + std::to_string(i), files[i]);
  return replay.report();
}

std::string firstDifference(const ReplayReport& report) {
  if (report.differences.empty()) return "";
  const ReplayDifference& one = report.differences.front();
  return one.place + ", cycle " + std::to_string(one.cycle) + " of pool '" + one.pool +
         "': recorded " + one.recorded + ", replayed " + one.replayed;
}

// A sanitizer makes a run many times as long; fewer of them show as much.
constexpr std::uint64_t SEEDS = maitred::testing::SANITIZED ? 40 : 200;

TEST(CaseReplay, HistoriesComeOutAsTheyWere) {
  CaseHistory::Counts sum;
  std::uint64_t unknown = 0, cycles = 0;
  for (std::uint64_t seed = 1; seed <= SEEDS && !HasFailure(); ++seed) {
    CaseHistory history(seed);
    for (int i = 0; i < 80; ++i) history.step();
    ReplayReport report = replayed(history.files());
    EXPECT_EQ(report.differ(), 0u) << "seed " << seed << ": " << firstDifference(report);
    EXPECT_EQ(report.cycles, history.counts().cycles);
    sum += history.counts();
    unknown += report.unknown;
    cycles += report.cycles;
  }
  // It is no proof if nothing happened.
  EXPECT_GT(sum.starts, 25 * SEEDS);
  EXPECT_GT(sum.policyFailures, SEEDS / 2);
  EXPECT_GT(sum.rateLimited, SEEDS / 2);
  EXPECT_GT(sum.heldBack, SEEDS);
  EXPECT_GT(sum.refusals, 3 * SEEDS);
  EXPECT_GT(sum.postponed, SEEDS);
  EXPECT_GT(sum.offensive, SEEDS / 4);
  EXPECT_GT(sum.lowLimit, SEEDS / 2);
  EXPECT_GT(sum.files, 4 * SEEDS);
  EXPECT_GT(sum.stopped, SEEDS);
  EXPECT_GT(sum.reserved, SEEDS);
  EXPECT_GT(sum.grouped, SEEDS);
  EXPECT_GT(sum.again, SEEDS);
  // Only the first file of a recording begins without knowing everything.
  EXPECT_LT(unknown, cycles / 10);
}

// A file alone, without those before it, once its snapshot is complete.
TEST(CaseReplay, EachFileStandsForItself) {
  std::uint64_t known = 0;
  for (std::uint64_t seed = 301; seed <= 310 && !HasFailure(); ++seed) {
    CaseHistory history(seed);
    for (int i = 0; i < 80; ++i) history.step();
    for (const std::string& file : history.files()) {
      ReplayReport report = replayed({file});
      EXPECT_EQ(report.differ(), 0u) << "seed " << seed << ": " << firstDifference(report);
      known += report.replayed();
    }
  }
  EXPECT_GT(known, 500u);
}

// What replay compares is not blind: without the snapshot of the nodes, or with another policy,
// cycles do differ.
TEST(CaseReplay, TellsWhatDiffers) {
  CaseHistory::Options options;
  options.rotations = options.policies = false;
  CaseHistory history(7, options);
  for (int i = 0; i < 100; ++i) history.step();
  std::string path = ::testing::TempDir() + "/other.lua";
  {
    std::FILE* file = std::fopen(path.c_str(), "w");
    std::fputs("return { kind='fairness', version=1, score=function(mem,cpus,gpus,share_mem,"
               "share_cpus,share_gpus,priority,submitted_ms) return -cpus end }", file);
    std::fclose(file);
  }
  ReplayOptions other;
  other.fairness = path;
  CaseReplay replay(other);
  for (const std::string& file : history.files()) replay.add("f", file);
  const ReplayReport& report = replay.report();
  EXPECT_GT(report.differ(), 0u);
  EXPECT_LT(report.differ(), report.replayed()) << "a difference does not make all that follow";
  EXPECT_THAT(firstDifference(report), HasSubstr("decision"));
  EXPECT_FALSE(report.moved.empty());
}

TEST(CaseReplay, APolicyThatCannotBeLoadedIsSaid) {
  ReplayOptions other;
  other.fairness = "/nowhere/x.lua";
  EXPECT_THROW(CaseReplay replay(other), std::invalid_argument);
}

// More users than the ranking remembers the turns of, so that some are forgotten meanwhile.
TEST(CaseReplay, ForgottenTurnsAreTold) {
  CaseHistory::Options options;
  options.rotations = options.launchRates = options.policies = false;
  options.jobsMost = 0;
  CaseHistory history(11, options);
  std::string pool = history.book.pools().all().front().name;
  std::vector<std::string> users;
  for (int i = 0; i < 11'000; ++i) users.push_back("many" + std::to_string(i));
  for (int i = 0; i < 40; ++i) history.submit("steady", pool);
  std::vector<Job*> brief;
  for (const std::string& user : users) brief.push_back(history.submit(user, pool));
  history.steady += 1000;
  history.cycle(pool);
  for (Job* job : brief) history.book.kill(*job, history.now);
  for (int i = 0; i < 60; ++i) {
    history.step();
    for (int more = 0; more < 3; ++more) {
      history.submit(users[static_cast<std::size_t>(i + more) % 20], pool);
    }
  }
  EXPECT_GT(history.book.ranking(pool).forgotten(), 0u);
  ReplayReport report = replayed(history.files());
  EXPECT_EQ(report.differ(), 0u) << firstDifference(report);
  EXPECT_GT(report.replayed(), 50u);
}

TEST(CaseReplay, HasNothingThatIsNoInput) {
  CaseHistory history(3);
  for (int i = 0; i < 50; ++i) history.step();
  for (const std::string& file : history.files()) {
    CaseReader reader("f", file);
    while (reader.next()) {
      std::string text = caseJson(reader.record(), reader.texts()).dump();
      EXPECT_THAT(text, Not(HasSubstr("secret")));
    }
  }
}

TEST(CaseReplay, ShowsEveryRecord) {
  CaseHistory history(4);
  for (int i = 0; i < 50; ++i) history.step();
  std::string all, json;
  for (const std::string& file : history.files()) {
    CaseReader reader("f", file);
    CaseText text;
    while (reader.next()) {
      all += text.of(reader.record(), reader.texts()) + "\n";
      json += caseJson(reader.record(), reader.texts()).dump() + "\n";
    }
  }
  EXPECT_THAT(all, HasSubstr("maitred 0.0.0"));
  EXPECT_THAT(all, HasSubstr("started"));
  EXPECT_THAT(all, HasSubstr(" on n"));
  EXPECT_THAT(json, HasSubstr("\"user\":\"usera\""));
  EXPECT_THAT(json, HasSubstr("\"outcome\":{\"started\":["));
  EXPECT_THAT(json, Not(HasSubstr("texts")));
}

}  // namespace
}  // namespace maitred::cook
