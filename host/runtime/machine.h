#pragma once
// Machine: the life of one instance as decisions. Pure: events and the time go in, what to do comes
// out; the runner around it (instance.h) starts, asks and kills.
//
//   stopped -> starting -> standby -> active -> draining -> stopped
//                 |           |         |          |
//                 +-----------+---------+----------+--> backing off -> starting
//                                                  `--> failed (too many crashes)

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>

namespace maitred::host {

// Since any fixed moment; never goes back.
using Moment = std::chrono::nanoseconds;

struct LifePolicy {
  std::chrono::milliseconds heartbeat{1000};
  uint32_t misses = 3;  // heartbeats without an answer that make it hung
  uint32_t crashLimit = 5;
  std::chrono::milliseconds crashWindow{300'000};
  std::chrono::milliseconds healthyAfter{60'000};
  std::chrono::milliseconds startTimeout{60'000};
  // The first restart waits this long, each further one twice as long, up to the maximum; +-20 %
  // jitter.
  std::chrono::milliseconds backOffFirst{200};
  std::chrono::milliseconds backOffMax{30'000};
};

enum class LifeState { stopped, starting, standby, active, draining, backingOff, failed };
const char* nameOf(LifeState state);

class Machine {
 public:
  // What a tick asks for.
  enum class Act {
    nothing,
    spawn,      // the back-off is over: begin() has been done
    askHealth,  // send a heartbeat; answer it by alive()
    killHung,   // too many heartbeats missed
    killStart,  // start() has not returned in time
  };

  // `random` gives numbers from 0 up to below 1.
  Machine(LifePolicy policy, std::function<double()> random);

  // Other limits from now on, after a reload.
  void adopt(LifePolicy next) { policy = next; }

  LifeState state() const { return now; }
  bool running() const;  // there is an incarnation
  uint32_t restarts() const { return spawns > 0 ? spawns - 1 : 0; }
  // When the back-off ends; meaningful only while backing off.
  Moment retryAt() const { return retry; }

  // Somebody wants it to run. From stopped, failed or backing off; forgets earlier crashes if asked
  // by an operator.
  void begin(Moment at, bool forgetCrashes);
  void started(Moment at);    // start() has returned: standby
  void activated(Moment at);  // activate() has returned
  void alive();               // the heartbeat was answered
  void draining();            // it is being asked to end
  // The incarnation is gone by order: drained, replaced.
  void ended();
  // It is gone without having been asked; true: it is now backing off, false: failed.
  bool crashed(Moment at);
  // It could not start for want of something that may come back by itself (room on a disk): backs
  // off, however often.
  void lacking(Moment at);
  // Gone while it was draining or otherwise unwanted counts as ended(). Stops a back-off as well.
  void stop();

  // Call once each `heartbeat`, and whenever retryAt() has come.
  Act tick(Moment at);

 private:
  void enter(LifeState state, Moment at);
  void backOff(Moment at);

  LifePolicy policy;
  std::function<double()> random;
  LifeState now = LifeState::stopped;
  Moment since{0};
  Moment retry{0};
  uint32_t spawns = 0;
  uint32_t unanswered = 0;  // heartbeats since the last answer
  uint32_t failuresInARow = 0;
  std::deque<Moment> crashes;  // within the window
};

// How a worker ended, in words: "killed by signal 9 (SIGKILL)", "exit code 3". `code` and `status`
// are those of siginfo_t (CLD_EXITED, CLD_KILLED, CLD_DUMPED).
std::string describeExit(int code, int status);

}  // namespace maitred::host
