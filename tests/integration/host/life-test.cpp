// The life of instances, in both isolations.
#include "host-process.h"

#include <gmock/gmock.h>
#include <signal.h>

namespace maitred::host::test {
namespace {

using ::testing::HasSubstr;

class Life : public ::testing::TestWithParam<const char*> {
 protected:
  HostProcess host{GetParam()};
  InstanceText trial{"trial", "test-trial", "    listen: { greet: \"127.0.0.1:0\" }\n"};
  InstanceText relay{"relay", "test-relay", "    uses: { echo: [trial] }\n"};
};

INSTANTIATE_TEST_SUITE_P(, Life, ::testing::Values("process", "inline"),
                         [](const auto& info) { return std::string(info.param); });

TEST_P(Life, ComesUpAndAnswersOverItsEdge) {
  host.write({relay, trial});
  host.startAndSettle();
  EXPECT_EQ(host.ask("relay", "say", "world"), "hello world");
  auto answer = host.status();
  auto status = answer.getStatus();
  EXPECT_EQ(status.getState(), admin::HostState::RUNNING);
  EXPECT_EQ(status.getInstances()[1].getPlugin(), "test-trial");
  EXPECT_EQ(status.getInstances()[1].getVersion(), "1.2.3");
  EXPECT_EQ(status.getInstances()[1].getIsolation(), GetParam());
  EXPECT_TRUE(status.getInstances()[1].getReady());
  bool apart = std::string(GetParam()) == "process";
  EXPECT_EQ(host.ask("trial", "pid") == std::to_string(host.pid()), !apart);
  EXPECT_EQ(host.pidOf("trial") != 0, apart);
}

TEST_P(Life, ListenersAreBoundByTheHost) {
  host.write({trial});
  host.startAndSettle();
  EXPECT_EQ(host.readFrom(host.address("trial", "greet")), "hello\n");
}

TEST_P(Life, UnreadyIsShownAndNothingIsKilled) {
  host.write({trial});
  host.startAndSettle();
  host.ask("trial", "unready");
  host.eventually("it is shown as not ready", [&]() {
    auto answer = host.status();
    auto instance = answer.getStatus().getInstances()[0];
    return !instance.getReady() && instance.getMessage() == "told to be unready";
  });
  EXPECT_EQ(host.state("trial"), admin::InstanceState::ACTIVE);
}

TEST_P(Life, UnknownInstanceAndCommandAreRefused) {
  host.write({trial});
  host.startAndSettle();
  EXPECT_THAT(host.ask("tryal", "pid"),
              HasSubstr("there is no instance 'tryal'; running here: trial"));
  EXPECT_THAT(host.ask("trial", "nonsense"), HasSubstr("unimplemented"));
}

TEST_P(Life, DrainedInstanceStaysStoppedUntilRestart) {
  host.write({trial, relay});
  host.startAndSettle();
  auto drain = host.admin().drainRequest();
  drain.setInstance("trial");
  drain.send().wait(host.scope());
  EXPECT_EQ(host.state("trial"), admin::InstanceState::STOPPED);
  EXPECT_EQ(host.lastFailure("trial"), "");
  EXPECT_THAT(host.ask("relay", "say", "x"), HasSubstr("disconnected"));
  auto restart = host.admin().restartRequest();
  restart.setInstance("trial");
  restart.send().wait(host.scope());
  EXPECT_EQ(host.state("trial"), admin::InstanceState::ACTIVE);
  EXPECT_EQ(host.ask("relay", "say", "x"), "hello x");
}

TEST_P(Life, StopDrainsConsumersBeforeTheirProviders) {
  host.write({trial, relay, {"outer", "test-relay", "    uses: { echo: [relay] }\n"}});
  host.startAndSettle();
  host.signal(SIGTERM);
  EXPECT_EQ(host.join(), 0);
  auto output = host.output();
  size_t outer = output.find("drained outer"), inner = output.find("drained relay"),
         last = output.find("drained trial");
  ASSERT_NE(outer, std::string::npos) << output;
  ASSERT_NE(last, std::string::npos) << output;
  EXPECT_LT(outer, inner);
  EXPECT_LT(inner, last);
}

TEST_P(Life, ASlowDrainEndsAtItsDeadline) {
  host.drainTimeout = "300ms";
  host.write({{"trial", "test-trial", "    config: { drain_delay: 1h }\n"}});
  host.startAndSettle();
  host.signal(SIGTERM);
  EXPECT_EQ(host.join(), 0);
  EXPECT_THAT(host.output(), HasSubstr("did not drain before its deadline"));
}

TEST_P(Life, ASecondSignalEndsAtOnce) {
  host.drainTimeout = "1h";
  host.write({{"trial", "test-trial", "    config: { drain_delay: 1h }\n"}});
  host.startAndSettle();
  host.signal(SIGINT);
  host.eventually("it drains",
                  [&]() { return host.state("trial") == admin::InstanceState::DRAINING; });
  host.signal(SIGINT);
  EXPECT_EQ(host.join(), 0);
  EXPECT_THAT(host.output(), HasSubstr("ending at once"));
}

TEST_P(Life, StateOutlivesTheHost) {
  host.write({trial});
  host.startAndSettle();
  EXPECT_EQ(host.ask("trial", "get", "key"), "not found");
  EXPECT_EQ(host.ask("trial", "put", "kept"), "durable");
  host.signal(SIGKILL);
  EXPECT_EQ(host.join(), -SIGKILL);
  host.startAndSettle();
  EXPECT_EQ(host.ask("trial", "get", "key"), "kept");
}

TEST_P(Life, ASlowStartDelaysItsConsumersOnly) {
  host.write({{"slow", "test-trial", "    config: { start_delay: 2s }\n"},
              {"late", "test-relay", "    uses: { echo: [slow] }\n"},
              trial});
  host.start();
  host.eventuallyActive("trial");
  EXPECT_EQ(host.state("slow"), admin::InstanceState::STARTING);
  EXPECT_EQ(host.state("late"), admin::InstanceState::STOPPED);
  host.eventuallyActive("late");
}

TEST_P(Life, PortInUseIsReportedWithItsPlace) {
  host.write({trial});
  host.startAndSettle();
  auto address = host.address("trial", "greet");
  HostProcess second(GetParam());
  second.write({{"trial", "test-trial", "    listen: { greet: \"" + address + "\" }\n"}});
  EXPECT_EQ(second.runToEnd(), 2);
  EXPECT_THAT(second.output(), HasSubstr("maitred.yaml:12:"));
  EXPECT_THAT(second.output(), HasSubstr("cannot listen on " + address));
}

TEST_P(Life, RefusedConfigIsReportedWithItsPlace) {
  host.write({{"trial", "test-trial", "    config: { refuse: true }\n"}});
  EXPECT_EQ(host.runToEnd(), 2);
  EXPECT_THAT(host.output(), HasSubstr("maitred.yaml:12:"));
  EXPECT_THAT(host.output(), HasSubstr("the trial refuses this config"));
}

TEST_P(Life, CrashInCheckIsReportedAndHarmsNobody) {
  host.write({{"trial", "test-trial", "    config: { crash_at_check: true }\n"}});
  EXPECT_EQ(host.runToEnd(), 2);
  EXPECT_THAT(host.output(), HasSubstr("'trial' could not be asked about its config"));
  EXPECT_THAT(host.output(), HasSubstr("SIGABRT"));
}

TEST_P(Life, TwoHostsOnOneStateFolderAreRefused) {
  host.write({trial});
  host.startAndSettle();
  HostProcess second(GetParam());
  second.write({{"other", "test-trial", ""}});
  std::filesystem::remove_all(second.folder() + "/state");
  std::filesystem::create_directory_symlink(host.folder() + "/state", second.folder() + "/state");
  EXPECT_EQ(second.runToEnd(), 1);
  EXPECT_THAT(second.output(), HasSubstr("another host runs on the state folder"));
}

}  // namespace
}  // namespace maitred::host::test
