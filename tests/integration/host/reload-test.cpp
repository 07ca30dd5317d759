// Reload: refused as a whole, or only what changed is touched. In both isolations.
#include "host-process.h"

#include <gmock/gmock.h>
#include <signal.h>

#include <map>

namespace maitred::host::test {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class Reload : public ::testing::TestWithParam<const char*> {
 protected:
  HostProcess host{GetParam()};

  static InstanceText trial(const std::string& config, const std::string& name = "trial") {
    return {name, "test-trial", "    config: { " + config + " }\n"};
  }
  static InstanceText relay(const std::string& providers) {
    return {"relay", "test-relay", "    uses: { echo: [" + providers + "] }\n"};
  }
  int64_t since(const std::string& instance) {
    auto answer = host.status();
    for (auto each : answer.getStatus().getInstances()) {
      if (each.getName() == instance.c_str()) return each.getSince();
    }
    return 0;
  }
  // What the reload did, by instance.
  std::map<std::string, admin::Action> reload() {
    auto answer = host.reload();
    EXPECT_TRUE(answer.getAccepted()) << answer.getReport().cStr();
    std::map<std::string, admin::Action> actions;
    for (auto change : answer.getChanges())
      actions[change.getInstance().cStr()] = change.getAction();
    return actions;
  }
};

INSTANTIATE_TEST_SUITE_P(, Reload, ::testing::Values("process", "inline"),
                         [](const auto& info) { return std::string(info.param); });

TEST_P(Reload, ChangedConfigIsTakenWithoutARestart) {
  host.write({trial("greeting: one"), trial("greeting: other", "second"), relay("trial")});
  host.startAndSettle();
  auto before = since("trial");
  host.write({trial("greeting: two"), trial("greeting: other", "second"), relay("trial")});
  auto actions = reload();
  EXPECT_EQ(actions["trial"], admin::Action::RECONFIGURED);
  EXPECT_EQ(actions["second"], admin::Action::UNCHANGED);
  EXPECT_EQ(actions["relay"], admin::Action::UNCHANGED);
  EXPECT_EQ(host.ask("relay", "say", "x"), "two x");
  EXPECT_EQ(since("trial"), before);
}

TEST_P(Reload, SignalReloadsToo) {
  host.write({trial("greeting: one"), relay("trial")});
  host.startAndSettle();
  host.write({trial("greeting: two"), relay("trial")});
  host.signal(SIGHUP);
  host.eventually("the new greeting", [&]() { return host.ask("relay", "say", "x") == "two x"; });
}

TEST_P(Reload, PluginThatNeedsARestartIsRestartedAlone) {
  host.write({trial("greeting: one"), relay("trial")});
  host.startAndSettle();
  auto relaySince = since("relay"), trialSince = since("trial");
  host.write({trial("greeting: two, restart_for: this"), relay("trial")});
  EXPECT_EQ(reload()["trial"], admin::Action::RESTARTED);
  EXPECT_EQ(host.ask("relay", "say", "x"), "two x");
  EXPECT_EQ(since("relay"), relaySince);
  EXPECT_GT(since("trial"), trialSince);
  EXPECT_EQ(host.lastFailure("trial"), "");
}

TEST_P(Reload, BadFileIsRefusedAsAWhole) {
  host.write({trial("greeting: one"), relay("trial")});
  host.startAndSettle();
  host.write({trial("greeting: two"), trial("refuse: true", "bad"), relay("trial")});
  auto answer = host.reload();
  EXPECT_FALSE(answer.getAccepted());
  EXPECT_THAT(answer.getReport().cStr(), HasSubstr("the trial refuses this config"));
  EXPECT_THAT(answer.getReport().cStr(), HasSubstr("maitred.yaml:15:"));
  EXPECT_EQ(host.ask("relay", "say", "x"), "one x");
  EXPECT_THAT(host.ask("bad", "pid"), HasSubstr("there is no instance 'bad'"));
}

TEST_P(Reload, CycleIsRefused) {
  host.write({trial(""), relay("trial")});
  host.startAndSettle();
  host.write({trial(""),
              {"relay", "test-relay", "    uses: { echo: [other] }\n"},
              {"other", "test-relay", "    uses: { echo: [relay] }\n"}});
  auto answer = host.reload();
  EXPECT_FALSE(answer.getAccepted());
  EXPECT_THAT(answer.getReport().cStr(), HasSubstr("cycle"));
  EXPECT_EQ(host.ask("relay", "say", "x"), "hello x");
}

TEST_P(Reload, InstancesAreAddedAndRemovedAndConsumersRewired) {
  host.write({trial("greeting: one"), relay("trial")});
  host.startAndSettle();
  host.write({trial("greeting: two", "fresh"), relay("fresh")});
  auto actions = reload();
  EXPECT_EQ(actions["trial"], admin::Action::REMOVED);
  EXPECT_EQ(actions["fresh"], admin::Action::ADDED);
  EXPECT_EQ(actions["relay"], admin::Action::RESTARTED);
  EXPECT_EQ(host.ask("relay", "say", "x"), "two x");
  EXPECT_THAT(host.ask("trial", "pid"), HasSubstr("there is no instance"));
}

TEST_P(Reload, ListenerStaysOpenWhenItsInstanceIsRestarted) {
  auto with = [](const std::string& config) {
    return InstanceText{"trial", "test-trial",
                        "    listen: { greet: \"127.0.0.1:0\" }\n    config: { " + config + " }\n"};
  };
  host.write({with("greeting: one")});
  host.startAndSettle();
  auto address = host.address("trial", "greet");
  host.write({with("greeting: two, restart_for: this")});
  reload();
  EXPECT_EQ(host.address("trial", "greet"), address);
  EXPECT_EQ(host.readFrom(address), "two\n");
}

TEST_P(Reload, AddressInUseRefusesTheFile) {
  host.write({trial("greeting: one")});
  host.startAndSettle();
  host.write({trial("greeting: two"),
              {"second", "test-trial", "    listen: { greet: \"127.0.0.1:0\" }\n"}});
  reload();
  auto taken = host.address("second", "greet");
  HostProcess other(GetParam());
  other.write({trial("greeting: one")});
  other.startAndSettle();
  other.write({trial("greeting: two"),
               {"more", "test-trial", "    listen: { greet: \"" + taken + "\" }\n"}});
  auto answer = other.reload();
  EXPECT_FALSE(answer.getAccepted());
  EXPECT_THAT(answer.getReport().cStr(), HasSubstr("cannot listen on " + taken));
}

TEST_P(Reload, DryRunChangesNothing) {
  host.write({trial("greeting: one"), relay("trial")});
  host.startAndSettle();
  host.write({trial("greeting: two"), relay("trial")});
  auto request = host.admin().reloadRequest();
  request.setDryRun(true);
  auto answer = request.send().wait(host.scope());
  EXPECT_TRUE(answer.getAccepted());
  EXPECT_EQ(answer.getChanges()[0].getAction(), admin::Action::RECONFIGURED);
  EXPECT_EQ(host.ask("relay", "say", "x"), "one x");
}

TEST_P(Reload, InstanceStoppedByAnOperatorStaysStopped) {
  host.write({trial("greeting: one")});
  host.startAndSettle();
  auto drain = host.admin().drainRequest();
  drain.setInstance("trial");
  drain.send().wait(host.scope());
  host.write({trial("greeting: two")});
  reload();
  EXPECT_EQ(host.state("trial"), admin::InstanceState::STOPPED);
}

}  // namespace
}  // namespace maitred::host::test
