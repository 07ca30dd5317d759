// Which states of a cluster may follow which.

#include <core/cluster-states.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace maitred::cook {
namespace {

using enum ClusterState;
using ::testing::HasSubstr;

std::string fault(ClusterState from, ClusterState to, bool live = false, bool locked = false,
                  bool force = false) {
  return faultInChange({"c", from, locked}, {"c", to, locked}, live, force);
}

TEST(ClusterStates, AWorkingClusterDrainsAndMayComeBack) {
  EXPECT_EQ(fault(running, draining, true), "");
  EXPECT_EQ(fault(draining, running, true), "");
  EXPECT_EQ(fault(running, running), "");
  EXPECT_EQ(fault(draining, draining), "");
}

TEST(ClusterStates, ItIsDeletedOnlyOnceNothingIsLeft) {
  EXPECT_THAT(fault(running, deleted), HasSubstr("from running to deleted is not valid"));
  EXPECT_THAT(fault(draining, deleted, true), HasSubstr("instances are live there"));
  EXPECT_EQ(fault(draining, deleted), "");
}

TEST(ClusterStates, DeletedIsFinal) {
  EXPECT_EQ(fault(deleted, deleted), "");
  for (ClusterState other : {running, draining}) {
    EXPECT_THAT(fault(deleted, other), HasSubstr("deleted is final"));
    EXPECT_THAT(fault(deleted, other, false, false, true), HasSubstr("deleted is final"));
  }
}

TEST(ClusterStates, ALockIsPassedByForceAndNothingElseIs) {
  EXPECT_EQ(fault(running, draining, false, true),
            "Attempting to change cluster state from running to draining but not able because it "
            "is locked.");
  EXPECT_EQ(fault(running, draining, false, true, true), "");
  EXPECT_EQ(fault(running, running, false, true), "") << "no change of the state";
  EXPECT_NE(fault(running, deleted, false, false, true), "");
  EXPECT_NE(fault(draining, deleted, true, true, true), "");
}

TEST(ClusterStates, AreReadByTheirNames) {
  for (ClusterState state : {running, draining, deleted}) {
    EXPECT_EQ(clusterStateOf(name(state)), state);
  }
  EXPECT_EQ(clusterStateOf("asleep"), std::nullopt);
}

}  // namespace
}  // namespace maitred::cook
