#pragma once
// Activity: something to do for a plugin that runs, whatever it is: calls of its host, connections
// to its listeners, tasks for its backend, changes of its config.

#include "life.h"

namespace maitred::host::conform {

class Activity {
 public:
  // Both outlive it.
  Activity(Trial& trial, Life& life) : trial(trial), life(life) {}

  // One piece of work, drawn by chance, begun and not waited for; its failure does not matter.
  void something();
  // Waits for what is under way, at most as long as the patience lasts.
  void settle();
  size_t begun() const { return count; }

 private:
  kj::Promise<void> draw();
  kj::Promise<void> request();
  kj::Promise<void> sameConfig();

  Trial& trial;
  Life& life;
  size_t count = 0;
  kj::Maybe<kj::Promise<void>> underWay;
};

}  // namespace maitred::host::conform
