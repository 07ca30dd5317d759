#include "host/runtime/machine.h"

#include <signal.h>
#include <string.h>

#include <algorithm>

namespace maitred::host {

const char* nameOf(LifeState state) {
  switch (state) {
    case LifeState::stopped:
      return "stopped";
    case LifeState::starting:
      return "starting";
    case LifeState::standby:
      return "standby";
    case LifeState::active:
      return "active";
    case LifeState::draining:
      return "draining";
    case LifeState::backingOff:
      return "backing off";
    case LifeState::failed:
      return "failed";
  }
  return "unknown";
}

Machine::Machine(LifePolicy policy, std::function<double()> random)
    : policy(policy), random(std::move(random)) {}

bool Machine::running() const {
  return now == LifeState::starting || now == LifeState::standby || now == LifeState::active ||
         now == LifeState::draining;
}

void Machine::enter(LifeState state, Moment at) {
  now = state;
  since = at;
}

void Machine::begin(Moment at, bool forgetCrashes) {
  if (forgetCrashes) {
    crashes.clear();
    failuresInARow = 0;
  }
  ++spawns;
  unanswered = 0;
  enter(LifeState::starting, at);
}

void Machine::started(Moment at) {
  enter(LifeState::standby, at);
}
void Machine::activated(Moment at) {
  enter(LifeState::active, at);
}
void Machine::alive() {
  unanswered = 0;
}
void Machine::draining() {
  now = LifeState::draining;
}
void Machine::ended() {
  now = LifeState::stopped;
}

void Machine::stop() {
  if (now != LifeState::failed) now = LifeState::stopped;
}

bool Machine::crashed(Moment at) {
  while (!crashes.empty() && at - crashes.front() > policy.crashWindow) crashes.pop_front();
  crashes.push_back(at);
  if (crashes.size() >= policy.crashLimit) {
    enter(LifeState::failed, at);
    return false;
  }
  backOff(at);
  return true;
}

void Machine::lacking(Moment at) {
  backOff(at);
}

void Machine::backOff(Moment at) {
  // 2^20 times the first wait is above every maximum; the bound keeps the shift defined.
  uint32_t doublings = std::min(failuresInARow++, 20u);
  auto wait = std::min<std::chrono::milliseconds>(policy.backOffFirst * (1 << doublings),
                                                  policy.backOffMax);
  double jitter = 0.8 + 0.4 * random();
  retry = at + std::chrono::duration_cast<Moment>(wait * jitter);
  enter(LifeState::backingOff, at);
}

Machine::Act Machine::tick(Moment at) {
  switch (now) {
    case LifeState::backingOff:
      if (at < retry) return Act::nothing;
      begin(at, false);
      return Act::spawn;
    case LifeState::starting:
      return at - since >= policy.startTimeout ? Act::killStart : Act::nothing;
    case LifeState::active:
      if (at - since >= policy.healthyAfter && unanswered == 0) {
        crashes.clear();
        failuresInARow = 0;
      }
      [[fallthrough]];
    case LifeState::standby:
    case LifeState::draining:
      return unanswered++ >= policy.misses ? Act::killHung : Act::askHealth;
    case LifeState::stopped:
    case LifeState::failed:
      return Act::nothing;
  }
  return Act::nothing;
}

std::string describeExit(int code, int status) {
  if (code == CLD_EXITED) return "exit code " + std::to_string(status);
  const char* name = sigabbrev_np(status);
  std::string text = "killed by signal " + std::to_string(status);
  if (name != nullptr) text += std::string(" (SIG") + name + ")";
  if (code == CLD_DUMPED) text += ", core dumped";
  return text;
}

}  // namespace maitred::host
