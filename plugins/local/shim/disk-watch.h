#pragma once
// How much disk a sandbox takes, looked at from time to time.

#include <cstdint>
#include <optional>

namespace maitred::local {

// Bytes on disk of the folder and all below it; no link is followed, a file with several names
// counts once. Stops early, with what it has by then, once that is more than `enough`. Blocking.
uint64_t diskUse(int folder, uint64_t enough);

class DiskWatch {
 public:
  // `limit` in bytes, 0 = none: then nothing is ever due. `folder` stays the caller's.
  DiskWatch(int folder, uint64_t limit, int64_t nowMs);

  // In steadyMs().
  std::optional<int64_t> dueAt() const;
  // Looks, if it is due; true if there is more than the limit. The more there is to look at, the
  // longer the pause afterwards: the looking takes at most one part in twenty of the time.
  bool tooMuch(int64_t nowMs);

 private:
  int folder;
  uint64_t limit;
  int64_t next;
};

}  // namespace maitred::local
