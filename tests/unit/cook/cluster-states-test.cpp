// Which states of a cluster may follow which.

#include <core/cluster-states.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace maitred::cook {
namespace {

using ::testing::HasSubstr;

std::string changeFault(ClusterState from, ClusterState to, bool live = false,
                        bool locked = false, bool force = false) {
  return faultInChange({"c", from, locked}, {"c", to, locked}, live, force);
}

TEST(ClusterStates, AWorkingClusterDrainsAndMayComeBack) {
  using enum ClusterState;
  EXPECT_EQ(changeFault(running, draining, true), "");
  EXPECT_EQ(changeFault(draining, running, true), "");
  EXPECT_EQ(changeFault(running, running), "");
  EXPECT_EQ(changeFault(draining, draining), "");
}

TEST(ClusterStates, ItIsDeletedOnlyOnceNothingIsLeft) {
  using enum ClusterState;
  EXPECT_THAT(changeFault(running, deleted), HasSubstr("from running to deleted is not valid"));
  EXPECT_THAT(changeFault(draining, deleted, true), HasSubstr("instances are live there"));
  EXPECT_EQ(changeFault(draining, deleted), "");
}

TEST(ClusterStates, DeletedIsFinal) {
  using enum ClusterState;
  EXPECT_EQ(changeFault(deleted, deleted), "");
  for (ClusterState other : {running, draining}) {
    EXPECT_THAT(changeFault(deleted, other), HasSubstr("deleted is final"));
    EXPECT_THAT(changeFault(deleted, other, false, false, true), HasSubstr("deleted is final"));
  }
}

TEST(ClusterStates, ALockIsPassedByForceAndNothingElseIs) {
  using enum ClusterState;
  EXPECT_EQ(changeFault(running, draining, false, true),
            "Attempting to change cluster state from running to draining but not able because it "
            "is locked.");
  EXPECT_EQ(changeFault(running, draining, false, true, true), "");
  EXPECT_EQ(changeFault(running, running, false, true), "") << "no change of the state";
  EXPECT_NE(changeFault(running, deleted, false, false, true), "");
  EXPECT_NE(changeFault(draining, deleted, true, true, true), "");
}

TEST(ClusterStates, AreReadByTheirNames) {
  using enum ClusterState;
  for (ClusterState state : {running, draining, deleted}) {
    EXPECT_EQ(clusterStateOf(name(state)), state);
  }
  EXPECT_EQ(clusterStateOf("asleep"), std::nullopt);
}

}  // namespace
}  // namespace maitred::cook
