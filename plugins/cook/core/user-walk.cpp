#include "ranking.h"

namespace maitred::cook {

UserWalk::UserWalk(const UserTasks& tasks, const Share& share, const Options& options)
    : tasks(&tasks), share(share), options(options), at(tasks.levels.begin()) {
  if (done()) return;
  enterLevel();
  settle();
}

void UserWalk::enterLevel() {
  runningAt = at->second.running.begin();
  waitingAt = at->second.waiting.begin();
  if (options.everything) return;
  held += at->second.sums.usage();
  countOverRunning();
}

// Which of the level's running tasks were above the quota: usage only grows along the walk, so it
// is the last ones, and it is enough to go back until one was within, or the limit is reached.
void UserWalk::countOverRunning() {
  if (!options.quota || options.quota->allows(held)) return;
  Usage before = held;
  at->second.running.eachFromBack([&](const auto& one) {
    if (options.quota->allows(before) || over > options.overQuotaMost) return false;
    ++over;
    Usage its = one.second->usage();
    before = {before.mem - its.mem, before.cpus - its.cpus, before.gpus - its.gpus,
              before.count - its.count};
    return true;
  });
}

void UserWalk::settle() {
  while (!done()) {
    bool running = options.everything && runningAt != at->second.running.end();
    if (running || waitingAt != at->second.waiting.end()) {
      inRunning = running;
      return add(running ? runningAt->second : waitingAt->second);
    }
    ++at;
    if (!done()) enterLevel();
  }
}

void UserWalk::add(Job* job) {
  position = job;
  held += job->usage();
  bool above = options.quota && !options.quota->allows(held);
  if (above && ++over > options.overQuotaMost) at = tasks->levels.end();
}

void UserWalk::advance() {
  if (inRunning) {
    ++runningAt;
  } else {
    ++waitingAt;
  }
  settle();
}

ScoreInput UserWalk::input() const {
  return {held.mem,
          held.cpus,
          held.gpus,
          share.mem,
          share.cpus,
          share.gpus,
          static_cast<double>(position->spec.priority),
          static_cast<double>(position->submittedMs),
          &position->spec};
}

}  // namespace maitred::cook
