#pragma once
// HeadRule: how many jobs of a pool are looked at. Fairness goes before packing: while smaller jobs
// find room and the first one does not, fewer and fewer are considered, until the room that comes
// free is left to the first.
//
// The rule counts match ticks of a fixed pace. Here events decide when there is a cycle, so what
// happened within one pace is taken together: a job that waits for a large room is overtaken for as
// long as it would be by ticks, and not shorter because much happens.

#include <cstddef>
#include <cstdint>

namespace maitred::cook {

class HeadRule {
 public:
  struct Pace {
    double scaleback = 0.95;  // the limit after a tick, as part of the one before; 0..1 exclusive
    int warnAt = 10;          // ticks with a limit of 1
    int resetAt = 1000;       // ticks with a limit of 1
    bool operator==(const Pace&) const = default;
  };

  enum class Note {
    none,
    stuck,   // worth a warning: for so many ticks only the first job was considered
    gaveUp,  // worth an error: after so many ticks all are considered again
  };

  // At most so many; at least 1. A new value takes effect at once.
  void setMost(std::size_t most);
  void setPace(const Pace& value) { pace = value; }
  std::size_t limit() const { return limit_; }

  // All that its next answers depend on.
  struct State {
    std::size_t most, limit;
    int atFloor;
    bool matchedBefore, begun;
    std::int64_t sinceMs;
    bool operator==(const State&) const = default;
  };
  State state() const { return {most, limit_, atFloor, matchedBefore, begun, sinceMs}; }
  void restore(const State& state);

  // After a cycle that had jobs and room: whether any job was matched, and whether the first one
  // was. Times are ms of one clock that does not jump.
  Note after(bool matched, bool headMatched, std::int64_t nowMs, std::int64_t paceMs);

 private:
  std::size_t most = 1000, limit_ = 1000;
  Pace pace;
  int atFloor = 0;
  bool matchedBefore = false;
  bool begun = false;
  std::int64_t sinceMs = 0;

  Note tick();
  void reset();
};

}  // namespace maitred::cook
