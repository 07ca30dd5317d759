#pragma once
// A place where a policy decides: keeps the last good version over reloads, falls back to the
// owner's built-in when the policy cannot decide, and benches a policy that keeps failing.

#include <maitred/lua/policy.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace maitred::lua {

struct SlotStats {
  std::uint64_t calls = 0;      // decisions asked of the policy
  std::uint64_t fallbacks = 0;  // decisions made by the built-in: no policy, failed, or benched
  std::array<std::uint64_t, causeCount> failures{};  // by Cause
  std::uint64_t loads = 0;                           // versions that became active
  std::uint64_t loadFailures = 0;                    // versions that were refused
  // What one call of the active version used, beside its limit: the last one and the most.
  std::int64_t instructionsLast = 0, instructionsHighWater = 0, instructionLimit = 0;
  // CPU time. Calls of a thousand instructions and more are all timed, of the others one in 256.
  std::chrono::nanoseconds cpuLast{}, cpuHighWater{}, cpuLimit{};
  std::size_t memoryUsed = 0, memoryPeak = 0, memoryLimit = 0;  // bytes
  bool benched = false;
  std::string version;  // of the active policy; "" if there is none
};

class PolicySlot {
 public:
  struct Options {
    std::string kind;  // "fairness", …
    Search search = {};
    Limits limits = {};
    std::uint64_t seed = 1;
    // Gets the first failure of each place, then the 10th, the 100th, … A refused load is always
    // reported.
    std::function<void(const Report&)> onReport = {};
    // The policy is benched when it has failed so often and hardly ever succeeded in between (a
    // thousand successes make up for one failure). Benched, the built-in decides until load(),
    // install() or retry().
    int benchAfter = 8;
  };

  explicit PolicySlot(Options options);  // throws std::invalid_argument for an unknown kind
  ~PolicySlot();
  PolicySlot(PolicySlot&&) noexcept;
  PolicySlot& operator=(PolicySlot&&) noexcept;

  // Valid for the slot's life. Throws std::invalid_argument for a name that the kind does not have.
  Function function(std::string_view name) const { return functionOf(options.kind, name); }

  struct LoadResult {
    bool active = false;     // the new version decides from now on
    bool unchanged = false;  // the same version was active already; counters and bench are kept
    std::vector<Report> problems;  // why not
    std::string text() const;
    explicit operator bool() const { return active; }
  };

  // Loads in a fresh state; the former version decides until (and unless) the new one has passed
  // its checks. Blocks for the file's reading: on a loop thread use Policy::load on a pool thread
  // and install().
  LoadResult load(const std::string& file);
  LoadResult install(Loaded loaded);

  void clear();                  // no policy: the built-in decides
  void retry() { strikes = 0; }  // takes the policy off the bench

  const Policy* active() const { return policy.get(); }
  Policy* active() { return policy.get(); }
  bool benched() const { return strikes >= benchAt; }
  SlotStats stats() const;
  // The latest failure of the active version, also one that was not reported; null: none yet.
  const Report* lastFailure() const { return latest ? &*latest : nullptr; }
  const Policy::Options& policyOptions() const { return options; }  // for Policy::load elsewhere

  // Decides by the policy, else by `builtin()`, which is called only then and returns double.
  template <typename Builtin>
  double decide(Function function, std::span<const double> inputs, Builtin&& builtin) {
    double out;
    if (ask(function, inputs, out)) return out;
    return std::forward<Builtin>(builtin)();
  }

  // The same with any values; builtin() returns Value.
  template <typename Builtin>
  Value decideValue(Function function, std::span<const Value> inputs, Builtin&& builtin) {
    Value out;
    if (ask(function, inputs, out)) return out;
    return std::forward<Builtin>(builtin)();
  }

  // True: the policy decided. False: it is for the caller to decide; counted and reported already.
  // A function that the policy does not have (optional ones) is no failure.
  bool ask(Function function, std::span<const double> inputs, double& out);
  bool ask(Function function, std::span<const Value> inputs, Value& out);
  // With values that the active policy keeps; see Policy::keep().
  bool ask(Function function, std::span<const double> inputs, std::span<const int> kept,
           double& out);

  // math.random of the active policy goes on from here.
  void seed(std::uint64_t seed);

 private:
  bool ready(Function function);
  template <typename Call>
  bool timed(Call&& call);
  bool settle(bool good, std::chrono::nanoseconds cpu);
  void report(Report failure);

  Policy::Options options;
  std::function<void(const Report&)> onReport;
  std::unique_ptr<Policy> policy;
  SlotStats counters;
  std::int64_t strikes = 0, benchAt;
  std::map<std::string, std::uint64_t> seen;  // failures by place
  std::optional<Report> latest;
};

}  // namespace maitred::lua
