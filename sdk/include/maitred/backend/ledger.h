#pragma once
// Ledger: what is known of every consumer's tasks. Pure: no clock, no I/O.
//
// A task lives here from its launch until its terminal status was acknowledged as durable; then a
// short note stays (the latest 10,000), so that a straggling second terminal status is known to be
// a duplicate.

#include <maitred/backend/types.h>

#include <deque>

namespace maitred::backend {

// A status on its way to the consumer; the serial identifies it in acknowledgements.
struct Delivery {
  std::string taskId;
  uint64_t serial = 0;
  Status status;
};

struct TaskEntry {
  std::string digestHex;  // empty = unknown
  bool settled = true;    // false while the runner has not answered the launch
  uint32_t killGraceMs = 5000;
  std::optional<Status> last;  // newest state, with all sticky facts
  bool terminal = false;
  TaskState firstTerminal = TaskState::UNSPECIFIED;
  std::vector<Delivery> unacknowledged;  // terminal statuses, oldest first
  std::optional<int64_t> killBy;         // end of the earliest grace asked for
  bool guessed = false;  // only expected by its consumer; the runner could not tell yet
};

class Ledger {
 public:
  explicit Ledger(size_t notesMax = 10'000) : notesMax(notesMax) {}

  TaskEntry* find(const TaskKey& key);
  const TaskEntry* find(const TaskKey& key) const;
  TaskEntry& add(const TaskKey& key);  // the key is new
  void forget(const TaskKey& key);     // its launch was refused
  void settle(const TaskKey& key);     // its launch was taken

  struct Outcome {
    std::optional<Delivery> delivery;  // nothing: a step backwards, dropped
    bool ended = false;                // the first terminal status: its room is free
    bool discovered = false;           // the task was not known
  };
  // Applies a report: fills in sticky facts, `late`, `duplicate`, unreachableSince and (if 0) the
  // time.
  Outcome report(const TaskKey& key, Status status, int64_t now);

  // The first terminal status of a task whose acknowledgement is in; to be sent again as a
  // duplicate when a consumer asks about it nevertheless.
  std::optional<Delivery> remembered(const TaskKey& key) const;
  const std::string* rememberedDigest(const TaskKey& key) const;

  // True if this delivery was still open; a task without open ones which has ended is reduced to a
  // note.
  bool acknowledge(const TaskKey& key, uint64_t serial, bool terminal);

  // What a snapshot says of a task: its open terminal statuses, else the newest state.
  std::vector<Delivery> snapshotOf(const std::string& consumer) const;

  std::vector<TaskKey> keys() const;
  size_t size() const { return entries.size(); }
  size_t unacknowledged() const { return open; }

 private:
  struct Note {
    Status status;
    std::string digestHex;
  };
  void reduce(const TaskKey& key);

  std::map<TaskKey, TaskEntry> entries;
  std::map<TaskKey, Note> notes;
  std::deque<TaskKey> noteOrder;
  size_t notesMax;
  size_t open = 0;
  uint64_t serials = 0;
};

}  // namespace maitred::backend
