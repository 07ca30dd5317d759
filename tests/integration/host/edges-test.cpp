// What one plugin can do to another over an edge, in both isolations.
#include "host-process.h"

#include <gmock/gmock.h>
#include <kj/debug.h>

namespace maitred::host::test {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class Edges : public ::testing::TestWithParam<const char*> {
 protected:
  HostProcess host{GetParam()};

  void start() {
    host.write(
        {{"trial", "test-trial", ""}, {"relay", "test-relay", "    uses: { echo: [trial] }\n"}});
    host.startAndSettle();
  }
  void restart(const std::string& instance) {
    auto request = host.admin().restartRequest();
    request.setInstance(instance);
    request.send().wait(host.scope());
  }
  // Of the only edge.
  capnp::Response<admin::Admin::GrantsResults> grants() {
    return host.admin().grantsRequest().send().wait(host.scope());
  }
};

INSTANTIATE_TEST_SUITE_P(, Edges, ::testing::Values("process", "inline"),
                         [](const auto& info) { return std::string(info.param); });

TEST_P(Edges, AreCounted) {
  start();
  host.ask("relay", "say", "a");
  host.ask("relay", "say", "b");
  auto answer = grants();
  ASSERT_EQ(answer.getEdges().size(), 1u);
  auto edge = answer.getEdges()[0];
  EXPECT_EQ(edge.getConsumer(), "relay");
  EXPECT_EQ(edge.getRequirement(), "echo");
  EXPECT_EQ(edge.getProvider(), "trial");
  EXPECT_EQ(edge.getInterface(), "maitred.trial.Echo");
  EXPECT_TRUE(edge.getConnected());
  EXPECT_EQ(edge.getCalls(), 2u);
  EXPECT_EQ(edge.getFailures(), 0u);
  EXPECT_GT(edge.getLastUseAt(), 0);
  auto buckets = edge.getLatencyUs();
  EXPECT_EQ(buckets[buckets.size() - 1].getCount(), 2u);
  EXPECT_EQ(buckets[buckets.size() - 1].getUpTo(), ~0ull);
}

TEST_P(Edges, SurviveARestartOfTheProvider) {
  start();
  EXPECT_EQ(host.ask("relay", "say", "a"), "hello a");
  restart("trial");
  EXPECT_EQ(host.ask("relay", "say", "b"), "hello b");
  EXPECT_EQ(grants().getEdges()[0].getReconnects(), 1u);
}

TEST_P(Edges, CapabilityKeptBeyondTheProvidersStopAnswersDisconnected) {
  start();
  EXPECT_EQ(host.ask("relay", "open"), "open");
  EXPECT_EQ(host.ask("relay", "next"), "1");
  restart("trial");
  EXPECT_THAT(host.ask("relay", "next"), StartsWith("disconnected"));
  EXPECT_EQ(host.ask("relay", "open"), "open");
  EXPECT_EQ(host.ask("relay", "next"), "1");
}

TEST_P(Edges, CapabilityKeptBeyondTheConsumersStopAnswersDisconnected) {
  start();
  EXPECT_EQ(host.ask("relay", "watch"), "watched");
  EXPECT_EQ(host.ask("trial", "poke"), "relay poked");
  auto drain = host.admin().drainRequest();
  drain.setInstance("relay");
  drain.send().wait(host.scope());
  EXPECT_THAT(host.ask("trial", "poke"), StartsWith("disconnected"));
}

TEST_P(Edges, WhatWasNotGrantedCannotBeObtained) {
  host.write({{"trial", "test-trial", ""}, {"relay", "test-relay", ""}});
  host.startAndSettle();
  // No edge is configured, so there is none to be had …
  EXPECT_THAT(host.ask("relay", "say", "x"), HasSubstr("nothing was granted"));
  EXPECT_EQ(grants().getEdges().size(), 0u);
  // … and of the host only what the manifest needs.
  EXPECT_THAT(host.ask("relay", "state"), StartsWith("unimplemented"));
  EXPECT_THAT(host.ask("trial", "leadership"), StartsWith("unimplemented"));
  EXPECT_EQ(host.ask("trial", "put", "x"), "durable");
}

TEST_P(Edges, CallsBeyondTheLimitAreRefused) {
  host.edge = "in_flight_max: 10";
  start();
  EXPECT_EQ(host.ask("relay", "flood", "50"), "40");
  host.eventually("the calls that were given up have left the books",
                  [&]() { return grants().getEdges()[0].getInFlight() == 0; });
  auto answer = grants();
  EXPECT_EQ(answer.getEdges()[0].getOverloads(), 40u);
  EXPECT_EQ(answer.getEdges()[0].getInFlightMax(), 10u);
  EXPECT_EQ(host.ask("relay", "say", "still"), "hello still");
}

TEST_P(Edges, UnansweredCallEndsAtTheDeadline) {
  host.edge = "deadline: 200ms";
  start();
  EXPECT_THAT(host.ask("relay", "never"), StartsWith("overloaded"));
  EXPECT_EQ(grants().getEdges()[0].getFailures(), 1u);
}

TEST_P(Edges, CallOnItsWayFailsWhenTheProviderIsRestarted) {
  start();
  auto request = host.admin().askRequest();
  request.setInstance("relay");
  request.setName("never");
  auto call = request.send();
  host.eventually("the call is on its way",
                  [&]() { return grants().getEdges()[0].getInFlight() == 1; });
  restart("trial");
  std::string answer = call.wait(host.scope()).getOutput().cStr();
  EXPECT_THAT(answer, StartsWith("disconnected"));
}

}  // namespace
}  // namespace maitred::host::test
