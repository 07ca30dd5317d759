#pragma once
// LaunchVerdicts: what launch filters have said of waiting jobs, how long it holds, and when a job
// has been deferred for so long that it starts all the same.

#include <core/uuid.h>

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>

namespace maitred::cook {

// All times are ms of one clock that does not jump.
class LaunchVerdicts {
 public:
  // A job is aged out, which is to say accepted without asking, once it was deferred more often
  // than `deferrals`, was first asked about longer than `firstSeenMs` ago, and last within
  // `lastSeenMs`.
  struct Ageing {
    std::uint32_t deferrals = 10;
    std::int64_t firstSeenMs = 600 * 60'000;
    std::int64_t lastSeenMs = 10 * 60'000;
    bool operator==(const Ageing&) const = default;
  };

  enum class State {
    unknown,   // it must be asked about
    asked,     // the answer is under way
    accepted,
    deferred,
  };

  struct Answer {
    bool accepted = true;
    std::string by;       // the filter that deferred it
    std::string message;  // likewise
    std::int64_t untilMs = 0;
  };
  struct Deferral {
    std::string by, message;
  };

  void setAgeing(Ageing value) { ageing = value; }

  State of(const Uuid& job, std::int64_t nowMs) const;
  // It is being asked about from now on.
  void ask(const Uuid& job, std::int64_t nowMs);
  // Passed by unless it is being asked about: the job may have gone meanwhile.
  void take(const Uuid& job, Answer answer, std::int64_t nowMs);
  // The same as if it had never been asked about.
  void forget(const Uuid& job) { seen.erase(job); }
  void clear() { seen.clear(); }

  std::uint32_t deferrals(const Uuid& job) const;
  // Until when it does not start; nothing: it is not deferred.
  std::optional<std::int64_t> deferredUntil(const Uuid& job) const;
  // Why it does not start at present; nothing: it is not for the filters.
  std::optional<Deferral> deferral(const Uuid& job) const;
  std::size_t size() const { return seen.size(); }

  // Looks at so many in turn and forgets those that do not wait any more or whose acceptance is
  // over, so that what is kept follows what is deferred.
  void sweep(std::size_t most, const std::function<bool(const Uuid&)>& waits, std::int64_t nowMs);

 private:
  struct Seen {
    bool asked = false;
    bool accepted = false;
    std::uint32_t deferrals = 0;
    std::int64_t firstMs = 0, lastMs = 0;
    std::int64_t untilMs = 0;
    std::string by, message;
  };
  Ageing ageing;
  std::map<Uuid, Seen> seen;
  Uuid cursor;  // where the next sweep goes on

  bool isAgedOut(const Seen& one, std::int64_t nowMs) const;
};

}  // namespace maitred::cook
