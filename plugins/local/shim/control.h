#pragma once
// How a shim is told what to do: real-time signals with a number. They queue, need no socket, and
// reach a shim that an earlier life of the plugin started. Only the host's own account (or root)
// can send them.

#include <csignal>

namespace maitred::local {

inline int shimKill() {
  return SIGRTMIN + 1;
}  // value: grace in milliseconds, 0 = at once
inline int shimPreempt() {
  return SIGRTMIN + 2;
}  // the same, but the reason told is `preempted`
inline int shimSignal() {
  return SIGRTMIN + 3;
}  // value: signal for the main process

// The number under which spawner and shims hold the work folder's file `starting`. A shim closes it
// once its record is written; so whoever can lock that file knows that no record is about to
// appear.
inline constexpr int STARTING_FD = 4;

}  // namespace maitred::local
