#include "host/runtime/machine.h"

#include <gtest/gtest.h>
#include <signal.h>

namespace maitred::host {
namespace {

using namespace std::chrono_literals;

// A machine with its clock; the "random" number is always in the middle, so that waits are exact.
struct Life {
  LifePolicy policy;
  Machine machine{policy, [] { return 0.5; }};
  Moment clock{0};

  void run() {
    machine.begin(clock, false);
    machine.started(clock);
    machine.activated(clock);
  }
  // Lets heartbeats pass, each answered.
  void beat(std::chrono::seconds span) {
    for (Moment end = clock + span; clock < end; clock += 1s) {
      ASSERT_EQ(machine.tick(clock), Machine::Act::askHealth);
      machine.alive();
    }
  }
  std::chrono::milliseconds crash() {
    machine.crashed(clock);
    return std::chrono::duration_cast<std::chrono::milliseconds>(machine.retryAt() - clock);
  }
};

TEST(Machine, GoesThroughItsStates) {
  Life life;
  EXPECT_EQ(life.machine.state(), LifeState::stopped);
  EXPECT_FALSE(life.machine.running());
  life.machine.begin(life.clock, false);
  EXPECT_EQ(life.machine.state(), LifeState::starting);
  life.machine.started(life.clock);
  EXPECT_EQ(life.machine.state(), LifeState::standby);
  life.machine.activated(life.clock);
  EXPECT_EQ(life.machine.state(), LifeState::active);
  life.machine.draining();
  EXPECT_TRUE(life.machine.running());
  life.machine.ended();
  EXPECT_EQ(life.machine.state(), LifeState::stopped);
  EXPECT_EQ(life.machine.restarts(), 0u);
}

TEST(Machine, ThreeMissedHeartbeatsMeanHung) {
  Life life;
  life.run();
  life.beat(5s);
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(life.machine.tick(life.clock += 1s), Machine::Act::askHealth);
  EXPECT_EQ(life.machine.tick(life.clock += 1s), Machine::Act::killHung);
}

TEST(Machine, OneAnswerForgivesTheMissedOnes) {
  Life life;
  life.run();
  for (int i = 0; i < 3; ++i) life.machine.tick(life.clock += 1s);
  life.machine.alive();
  EXPECT_EQ(life.machine.tick(life.clock += 1s), Machine::Act::askHealth);
}

TEST(Machine, SlowStartIsKilledAfterItsTimeout) {
  Life life;
  life.machine.begin(life.clock, false);
  EXPECT_EQ(life.machine.tick(59s), Machine::Act::nothing);
  EXPECT_EQ(life.machine.tick(60s), Machine::Act::killStart);
}

TEST(Machine, BackOffDoublesUpToItsMaximumAndThenItHasFailed) {
  Life life;
  life.policy.crashLimit = 12;
  life.machine = Machine(life.policy, [] { return 0.5; });
  std::vector<std::chrono::milliseconds> waits;
  for (int i = 0; i < 11; ++i) {
    life.machine.begin(life.clock, false);
    waits.push_back(life.crash());
  }
  EXPECT_EQ(waits[0], 200ms);
  EXPECT_EQ(waits[1], 400ms);
  EXPECT_EQ(waits[7], 25'600ms);
  EXPECT_EQ(waits[8], 30'000ms);
  EXPECT_EQ(waits[10], 30'000ms);
  life.machine.begin(life.clock, false);
  EXPECT_FALSE(life.machine.crashed(life.clock));
  EXPECT_EQ(life.machine.state(), LifeState::failed);
  EXPECT_EQ(life.machine.tick(life.clock + 24h), Machine::Act::nothing);
}

TEST(Machine, JitterStaysWithinAFifth) {
  for (double random : {0.0, 0.999}) {
    Machine machine({}, [random] { return random; });
    machine.begin(0s, false);
    machine.crashed(0s);
    EXPECT_GE(machine.retryAt(), 160ms);
    EXPECT_LE(machine.retryAt(), 240ms);
  }
}

TEST(Machine, SpawnsAgainWhenTheBackOffIsOver) {
  Life life;
  life.run();
  life.crash();
  EXPECT_EQ(life.machine.tick(199ms), Machine::Act::nothing);
  EXPECT_EQ(life.machine.tick(200ms), Machine::Act::spawn);
  EXPECT_EQ(life.machine.state(), LifeState::starting);
  EXPECT_EQ(life.machine.restarts(), 1u);
}

TEST(Machine, FiveCrashesWithinTheWindowFail) {
  Life life;
  for (int i = 0; i < 4; ++i) {
    life.run();
    EXPECT_TRUE(life.machine.crashed(life.clock += 10s));
  }
  life.run();
  EXPECT_FALSE(life.machine.crashed(life.clock += 10s));
}

TEST(Machine, WantOfRoomIsTriedForEver) {
  Life life;
  for (int i = 0; i < 20; ++i) {
    life.machine.begin(life.clock, false);
    life.machine.lacking(life.clock);
    EXPECT_EQ(life.machine.state(), LifeState::backingOff);
    EXPECT_LE(life.machine.retryAt() - life.clock, 36s);
    life.clock = life.machine.retryAt();
  }
  life.run();
  EXPECT_TRUE(life.machine.crashed(life.clock += 1s)) << "it has not crashed before";
}

TEST(Machine, CrashesOutsideTheWindowDoNotCount) {
  Life life;
  for (int i = 0; i < 20; ++i) {
    life.run();
    EXPECT_TRUE(life.machine.crashed(life.clock += 76s)) << i;
  }
}

TEST(Machine, AMinuteOfHealthResetsBackOffAndCrashes) {
  Life life;
  for (int i = 0; i < 4; ++i) {
    life.run();
    life.crash();
  }
  life.run();
  life.beat(62s);
  EXPECT_EQ(life.crash(), 200ms);
  EXPECT_EQ(life.machine.state(), LifeState::backingOff);
}

TEST(Machine, AnOperatorBringsBackAFailedOne) {
  Life life;
  for (int i = 0; i < 5; ++i) {
    life.run();
    life.crash();
  }
  ASSERT_EQ(life.machine.state(), LifeState::failed);
  life.machine.begin(life.clock, true);
  EXPECT_EQ(life.crash(), 200ms);
}

TEST(Machine, StopEndsABackOffButKeepsFailed) {
  Life life;
  life.run();
  life.crash();
  life.machine.stop();
  EXPECT_EQ(life.machine.state(), LifeState::stopped);
  EXPECT_EQ(life.machine.tick(1h), Machine::Act::nothing);
}

TEST(DescribeExit, NamesSignalsAndCodes) {
  EXPECT_EQ(describeExit(CLD_EXITED, 3), "exit code 3");
  EXPECT_EQ(describeExit(CLD_KILLED, SIGKILL), "killed by signal 9 (SIGKILL)");
  EXPECT_EQ(describeExit(CLD_DUMPED, SIGABRT), "killed by signal 6 (SIGABRT), core dumped");
}

}  // namespace
}  // namespace maitred::host
