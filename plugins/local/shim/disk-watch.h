#pragma once
// How much disk a sandbox takes, looked at from time to time.

#include <cstdint>
#include <optional>

namespace maitred::local {

struct DiskUse {
  uint64_t bytes = 0;
  bool whole = true;  // false: a part was not seen, e.g. since folders were moved meanwhile
};

// Bytes on disk of the folder and all below it, however deep; no link is followed, a file with
// several names counts once. Stops early, with what it has by then, once that is more than
// `enough`. Blocking.
DiskUse diskUse(int folder, uint64_t enough);

class DiskWatch {
 public:
  // `limit` in bytes, 0 = none: then nothing is ever due. `folder` stays the caller's.
  DiskWatch(int folder, uint64_t limit, int64_t nowMs);

  // In steadyMs().
  std::optional<int64_t> dueAt() const;
  // Looks, if it is due; true if there is more than the limit, or if look after look in a row could
  // not see all of it. The more there is to look at, the longer the pause afterwards: the looking
  // takes at most one part in twenty of the time.
  bool tooMuch(int64_t nowMs);
  // After that: it is the latter.
  bool unseen() const { return lost > 0; }

 private:
  int folder;
  uint64_t limit;
  int64_t next;
  int lost = 0;  // looks in a row
};

}  // namespace maitred::local
