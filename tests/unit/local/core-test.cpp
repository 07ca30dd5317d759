// The decisions of the local backend: no processes, no files.
#include "accounts.h"
#include "core/ending.h"
#include "core/environment.h"
#include "core/paths.h"
#include "core/plain-words.h"
#include "core/retention.h"
#include "core/spec-check.h"
#include "files/files-endpoint.h"

#include <capnp/message.h>
#include <gtest/gtest.h>

#include <csignal>

namespace maitred::local {
namespace {

using backend::Reason;
using backend::TaskState;

constexpr int exitedWith(int code) {
  return code << 8;
}

EndFacts ran(int waitStatus, StopCause cause = StopCause::none) {
  EndFacts facts;
  facts.commandStarted = true;
  facts.waitStatus = waitStatus;
  facts.cause = cause;
  return facts;
}

TEST(EndingTest, OwnEnd_IsTheCommands) {
  auto good = endingOf(ran(exitedWith(0)));
  EXPECT_EQ(good.state, TaskState::SUCCEEDED);
  EXPECT_EQ(good.code, 0);
  auto bad = endingOf(ran(exitedWith(3)));
  EXPECT_EQ(bad.state, TaskState::FAILED);
  EXPECT_EQ(bad.reason, Reason::EXITED);
  auto signal = endingOf(ran(SIGSEGV));
  EXPECT_EQ(signal.reason, Reason::SIGNALLED);
  EXPECT_EQ(signal.signal, SIGSEGV);
  EXPECT_NE(signal.message.find("SIGSEGV"), std::string::npos);
}

TEST(EndingTest, CauseOutranksTheExit) {
  struct {
    StopCause cause;
    TaskState state;
    Reason reason;
  } cases[] = {{StopCause::consumer, TaskState::KILLED, Reason::KILLED_BY_CONSUMER},
               {StopCause::preempted, TaskState::KILLED, Reason::PREEMPTED},
               {StopCause::ranTooLong, TaskState::FAILED, Reason::RAN_TOO_LONG},
               {StopCause::outOfMemory, TaskState::FAILED, Reason::OUT_OF_MEMORY},
               {StopCause::probeFailed, TaskState::FAILED, Reason::PROBE_FAILED}};
  for (auto& one : cases) {
    auto ending = endingOf(ran(exitedWith(0), one.cause));
    EXPECT_EQ(ending.state, one.state);
    EXPECT_EQ(ending.reason, one.reason);
    EXPECT_EQ(ending.code, 0);
  }
}

TEST(EndingTest, KernelsOom_CountsUnlessTheTaskSucceeded) {
  auto killed = ran(exitedWith(137));
  killed.oomKilled = true;
  EXPECT_EQ(endingOf(killed).reason, Reason::OUT_OF_MEMORY);
  auto survived = ran(exitedWith(0));
  survived.oomKilled = true;
  EXPECT_EQ(endingOf(survived).state, TaskState::SUCCEEDED);
  EXPECT_NE(endingOf(survived).message.find("memory"), std::string::npos);
}

TEST(EndingTest, NotStarted_HasNoExit) {
  EndFacts facts;
  facts.failure = "no such file";
  facts.failureReason = Reason::FETCH_FAILED;
  auto ending = endingOf(facts);
  EXPECT_EQ(ending.state, TaskState::FAILED);
  EXPECT_EQ(ending.reason, Reason::FETCH_FAILED);
  EXPECT_FALSE(ending.code || ending.signal);
  facts.cause = StopCause::consumer;
  EXPECT_EQ(endingOf(facts).state, TaskState::KILLED);
}

TEST(EndingTest, Vanished_TellsARestartOfTheMachineApart) {
  EXPECT_EQ(vanished(true, false).reason, Reason::RESULT_LOST);
  EXPECT_EQ(vanished(true, true).reason, Reason::NODE_RESTARTED);
  EXPECT_EQ(vanished(true, true).state, TaskState::LOST);
}

TEST(EnvironmentTest, RanksOfValues) {
  capnp::MallocMessageBuilder message;
  auto spec = message.initRoot<backend::TaskSpec>();
  auto variables = spec.initEnvironment(3);
  variables[0].setName("A");
  variables[0].setValue("task");
  variables[1].setName("PORT0");
  variables[1].setValue("1");
  variables[2].setName("A");
  variables[2].setValue("later");
  auto list = environmentOf({{"A", "config"}, {"B", "config"}}, spec.asReader(),
                            {{"http", 31000}, {"", 31001}}, "/s", "ana");
  std::map<std::string, std::string> got(list.begin(), list.end());
  EXPECT_EQ(got.size(), list.size());
  EXPECT_EQ(got["A"], "later");
  EXPECT_EQ(got["B"], "config");
  EXPECT_EQ(got["PORT0"], "31000");
  EXPECT_EQ(got["PORT1"], "31001");
  EXPECT_EQ(got["PORT_HTTP"], "31000");
  EXPECT_EQ(got["USER"], "ana");
  EXPECT_EQ(got["HOME"], "/s");
  EXPECT_NE(got["PATH"], "");
}

std::vector<std::string> idsOf(const std::vector<backend::TaskKey>& keys) {
  std::vector<std::string> ids;
  for (auto& key : keys) ids.push_back(key.taskId);
  return ids;
}

TEST(RetentionTest, AgeThenSizeOldestFirst) {
  std::vector<KeptSandbox> kept = {
      {{"q", "new"}, 90, 5}, {{"q", "old"}, 10, 5}, {{"q", "mid"}, 50, 5}};
  using Ids = std::vector<std::string>;
  EXPECT_EQ(idsOf(expired(kept, {1000, 0}, 100)), Ids());
  EXPECT_EQ(idsOf(expired(kept, {90, 0}, 100)), Ids{"old"});
  EXPECT_EQ(idsOf(expired(kept, {1000, 10}, 100)), Ids{"old"});
  EXPECT_EQ(idsOf(expired(kept, {1000, 4}, 100)), (Ids{"old", "mid", "new"}));
  EXPECT_EQ(idsOf(expired(kept, {50, 5}, 100)), (Ids{"old", "mid"}));
  EXPECT_EQ(idsOf(expired(kept, {50, 0}, -1000)), Ids());  // the clock was set back
}

TEST(PlainWordsTest, OnlyWhatNoShellWouldLookAt) {
  using Words = std::vector<std::string>;
  EXPECT_EQ(plainWords("/bin/true"), Words{"/bin/true"});
  EXPECT_EQ(plainWords("  ./run.sh  --steps=5\t a:b,c@d%e+f_g "),
            (Words{"./run.sh", "--steps=5", "a:b,c@d%e+f_g"}));
  for (auto shell : {"",
                     "  ",
                     "true",
                     "exit 3",
                     "A=/b /bin/env",
                     "A=b",
                     "/bin/echo $HOME",
                     "/bin/echo 'a b'",
                     "/bin/echo \"a\"",
                     "/bin/a; /bin/b",
                     "/bin/a && /bin/b",
                     "/bin/a | /bin/b",
                     "/bin/a > out",
                     "/bin/a < in",
                     "/bin/a &",
                     "/bin/echo *",
                     "/bin/echo a?",
                     "/bin/echo [a]",
                     "/bin/echo ~",
                     "/bin/echo {a,b}",
                     "/bin/echo `a`",
                     "/bin/echo #a",
                     "/bin/a\n/bin/b",
                     "(/bin/a)",
                     "! /bin/a",
                     "/bin/echo \\a",
                     "~/run",
                     "/bin/echo \xc3\xa9",
                     "/bin/echo ^a"}) {
    EXPECT_FALSE(plainWords(shell)) << shell;
  }
  EXPECT_FALSE(plainWords(std::string_view("/bin/a\0b", 8)));
}

TEST(SpecCheckTest, PathsStayBeneath) {
  for (auto good : {"a", "a/b", ".hidden", "a..b", "..."}) EXPECT_TRUE(staysBeneath(good)) << good;
  for (auto bad : {"", "/a", "a/", "a//b", ".", "..", "a/../b", "../a", "./a"}) {
    EXPECT_FALSE(staysBeneath(bad)) << bad;
  }
  EXPECT_FALSE(staysBeneath(std::string("a\0b", 3)));
  EXPECT_FALSE(staysBeneath(std::string(300, 'a')));
}

TEST(SpecCheckTest, ContainersAreRefusedOrIgnored) {
  capnp::MallocMessageBuilder message;
  auto spec = message.initRoot<backend::TaskSpec>();
  spec.getCommand().setShell("true");
  spec.initContainer().setImage("debian:12");
  auto refusal = cannotRun(spec.asReader());
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->reason, backend::RefusalReason::UNSUPPORTED);
  bool ignoreContainers = true;
  EXPECT_FALSE(cannotRun(spec.asReader(), ignoreContainers));
  spec.getCommand().setImageDefault();
  EXPECT_TRUE(cannotRun(spec.asReader(), ignoreContainers)) << "there is nothing to run";
}

TEST(SpecCheckTest, ProbesNeedTheirPort) {
  capnp::MallocMessageBuilder message;
  auto spec = message.initRoot<backend::TaskSpec>();
  spec.getCommand().setShell("true");
  spec.initProbe().getCheck().setHttpPath("/health");
  EXPECT_TRUE(cannotRun(spec.asReader()));
  spec.initPorts(1)[0].setName("http");
  EXPECT_FALSE(cannotRun(spec.asReader()));
  spec.getProbe().setPortName("http");
  EXPECT_FALSE(cannotRun(spec.asReader()));
  spec.getProbe().setPortName("other");
  EXPECT_TRUE(cannotRun(spec.asReader()));
  spec.getProbe().setPortName("");
  spec.getProbe().getCheck().setHttpPath("/a HTTP/1.1\r\nX: y");
  EXPECT_TRUE(cannotRun(spec.asReader()));
}

struct FakeAccounts final : AccountLookup {
  std::map<std::string, uint32_t> all = {{"root", 0}, {"ana", 1000}, {"guest", 2000}};
  std::optional<UserAccount> byName(const std::string& name) const override {
    auto found = all.find(name);
    if (found == all.end()) return std::nullopt;
    return UserAccount{name, "/home", found->second, found->second, {}};
  }
  std::optional<UserAccount> byUid(uint32_t uid) const override {
    for (auto& [name, number] : all) {
      if (number == uid) return byName(name);
    }
    return std::nullopt;
  }
};

TEST(AccountsTest, WhoRunsIt) {
  FakeAccounts accounts;
  using Kind = RunAs::Kind;
  auto choose = [&](RunAs rule, const char* submitter, uint32_t host) {
    return chooseAccount(rule, submitter, host, accounts);
  };
  EXPECT_EQ(choose({Kind::automatic, "", "", false}, "ana", 0).account.name, "ana");
  EXPECT_EQ(choose({Kind::automatic, "", "", false}, "nope", 1000).account.name, "ana");
  EXPECT_FALSE(choose({Kind::automatic, "", "", false}, "nope", 1000).change);
  EXPECT_TRUE(choose({Kind::submitter, "", "", false}, "ana", 0).change);
  EXPECT_EQ(choose({Kind::fixed, "guest", "", false}, "ana", 0).account.name, "guest");
  EXPECT_NE(choose({Kind::submitter, "", "", false}, "nope", 0).refusal, "");
  EXPECT_EQ(choose({Kind::submitter, "", "guest", false}, "nope", 0).account.name, "guest");
  EXPECT_NE(choose({Kind::submitter, "", "", false}, "root", 0).refusal, "");
  EXPECT_EQ(choose({Kind::submitter, "", "", true}, "root", 0).refusal, "");
  EXPECT_NE(choose({Kind::host, "", "", false}, "ana", 0).refusal, "");
  EXPECT_NE(choose({Kind::submitter, "", "", false}, "guest", 1000).refusal, "");
  EXPECT_NE(choose({Kind::submitter, "", "root", false}, "nope", 0).refusal, "");
}

TEST(SandboxPathTest, OnlySandboxesAreNamed) {
  std::string sandbox, below;
  auto split = [&](const char* path) { return splitSandboxPath("/w", path, sandbox, below); };
  ASSERT_TRUE(split("/w/tasks/q/t/sandbox/a/b"));
  EXPECT_EQ(sandbox, "/w/tasks/q/t/sandbox");
  EXPECT_EQ(below, "a/b");
  ASSERT_TRUE(split("/w/tasks/q/t/sandbox"));
  EXPECT_EQ(below, "");
  for (auto bad : {"", "/", "/w", "/w/tasks/q/t", "/w/tasks/q/t/record", "/w/tasks/q/t/sandboxes",
                   "/w/tasks/../t/sandbox", "/w/tasks/q/../sandbox", "/etc/passwd",
                   "w/tasks/q/t/sandbox", "/w/tasks//t/sandbox"}) {
    EXPECT_FALSE(split(bad)) << bad;
  }
}

}  // namespace
}  // namespace maitred::local
