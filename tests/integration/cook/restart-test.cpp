// The administrator's day with a whole maitred: the command line, a kill -9, and what is left.

#include "../../e2e/system.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace maitred::e2e {
namespace {

using ::testing::HasSubstr;

json parsed(const Outcome& outcome) {
  EXPECT_EQ(outcome.exitCode, 0) << outcome.out;
  return json::parse(outcome.out, nullptr, false);
}

TEST(AdminCommands, WhatWasSetIsThereAfterAKill) {
  System system({});
  system.editConfig("      admins:",
                    "      default_pool: batch\n"
                    "      pools:\n"
                    "        batch: { purpose: everything, quotas: { default: { count: 9 } } }\n"
                    "        old: { state: inactive }\n"
                    "      admins:");
  system.start();
  Outcome pools = system.maitred({"cook", "pools"});
  EXPECT_THAT(pools.out, HasSubstr("batch  active    everything"));
  EXPECT_THAT(pools.out, HasSubstr("old    inactive"));
  json quota = parsed(system.maitred({"cook", "quota", "ana", "--json"}));
  EXPECT_EQ(quota["pools"]["batch"]["count"], 9);
  EXPECT_EQ(system.maitred({"cook", "quota", "ana", "--count", "3"}).exitCode, 2)
      << "a change wants a reason";
  EXPECT_THAT(
      system.maitred({"cook", "quota", "ana", "--count", "3", "--mem", "512", "--reason", "asked"})
          .out,
      HasSubstr("no limit"));
  EXPECT_EQ(
      system
          .maitred({"cook", "share", "ana", "--cpus", "2.5", "--pool", "old", "--reason", "asked"})
          .exitCode,
      0);
  system.kill9();
  system.start();
  quota = parsed(system.maitred({"cook", "quota", "ana", "--json"}));
  EXPECT_EQ(quota["count"], 3);
  EXPECT_EQ(quota["mem"], 512.0);
  EXPECT_EQ(parsed(system.maitred({"cook", "share", "ana", "--json"}))["pools"]["old"]["cpus"],
            2.5);
  EXPECT_EQ(system.maitred({"cook", "quota", "ana", "--reset", "--reason", "over"}).exitCode, 0);
  system.kill9();
  system.start();
  EXPECT_EQ(parsed(system.maitred({"cook", "quota", "ana", "--json"}))["count"], 9);
}

TEST(AdminCommands, UsageQueueAndRetry) {
  System::Options one;
  one.cpus = 1;
  System system(one);
  system.start();
  auto submit = [&](const char* name, const char* command) {
    Outcome out = system.maitred({"cook", "submit", "--user", "ana", "--cpus", "1", "--mem", "64",
                                  "--name", name, "--", command});
    EXPECT_EQ(out.exitCode, 0) << out.out;
    return out.out.substr(0, 36);
  };
  std::string running = submit("long", "sleep 600");
  system.eventually("it runs", [&] { return system.job(running)["state"] == "running"; });
  std::string waiting = submit("next", "exit 7");
  Outcome usage = system.maitred({"cook", "usage", "ana"});
  EXPECT_EQ(usage.exitCode, 0) << usage.out;
  EXPECT_THAT(usage.out, HasSubstr("MEM MiB"));
  EXPECT_EQ(
      parsed(system.maitred({"cook", "usage", "ana", "--json"}))["usage"]["total_usage"]["jobs"],
      1);
  EXPECT_THAT(system.maitred({"cook", "usage", "--all"}).out, HasSubstr("ana"));
  EXPECT_THAT(system.maitred({"cook", "queue"}).out, HasSubstr(waiting));
  EXPECT_EQ(system.maitred({"cook", "kill", running}).exitCode, 0);
  system.eventually("it fails", [&] { return system.job(waiting)["state"] == "failed"; });
  EXPECT_EQ(system.maitred({"cook", "retry", waiting}).exitCode, 2) << "how many?";
  EXPECT_THAT(system.maitred({"cook", "retry", waiting, "--more", "1"}).out,
              HasSubstr("attempts allowed now: 2"));
  system.eventually("it is tried again",
                    [&] { return system.job(waiting)["instances"].size() == 2; });
}

TEST(AdminCommands, ActingForOthersWhereNobodyMayIsTold) {
  System system({});
  system.editConfig("impersonators: [operator]", "impersonators: []");
  system.start();
  Outcome refused = system.maitred({"cook", "submit", "--user", "ana", "--", "true"});
  EXPECT_EQ(refused.exitCode, 1);
  EXPECT_THAT(refused.out, HasSubstr("the queue acts for operator and not for ana"));
  EXPECT_THAT(refused.out, HasSubstr("impersonators"));
  json jobs = json::parse(
      system
          .rest("GET",
                "/jobs?user=operator&state=waiting&state=running&state=completed&start=0&"
                "end=9000000000000")
          .body);
  EXPECT_TRUE(jobs.empty()) << "nothing was submitted in the wrong name";
}

TEST(AdminCommands, CheckNamesEachFaultAtItsPlace) {
  System system({});
  system.editConfig("      admins:",
                    "      default_pool: nope\n"
                    "      pools: { batch: {} }\n"
                    "      pool_quotas: [{ pool_regex: '(', count: 3 }]\n"
                    "      quota_grouping: { other: g }\n"
                    "      admins:");
  Outcome checked = system.maitred({"check", system.folder() + "/maitred.yaml"});
  EXPECT_NE(checked.exitCode, 0);
  for (const char* text :
       {"nope is not among `pools`", "is not a regular expression", "other is not among `pools`"}) {
    EXPECT_THAT(checked.out, HasSubstr(text));
  }
}

}  // namespace
}  // namespace maitred::e2e
