#pragma once
// One loaded version of one policy: a Lua state of its own, checked against the kind's types.

#include <maitred/lua/limits.h>
#include <maitred/lua/report.h>
#include <maitred/lua/search.h>
#include <maitred/lua/value.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace maitred::lua {

// A function of a kind, by its place in the kind's types: valid for every policy of that kind.
struct Function {
  int index = -1;
  explicit operator bool() const { return index >= 0; }
  bool operator==(const Function&) const = default;
};

// The kinds that the engine knows: "admission", "balancing", "fairness", … in alphabetical order.
std::vector<std::string> kindNames();

// The function of that name; throws std::invalid_argument, with the nearest name, if the kind has
// none.
Function functionOf(std::string_view kind, std::string_view name);

// A module that a policy requires: the name by which it does, and the text.
struct ModuleText {
  std::string name, text;
  bool operator==(const ModuleText&) const = default;
};

class Policy;

struct Loaded {
  std::unique_ptr<Policy> policy;  // null if there are problems
  std::vector<Report> problems;
  explicit operator bool() const { return policy != nullptr; }
  std::string text() const;  // all problems, one after the other
};

class Policy {
 public:
  struct Options {
    std::string kind;  // which contract; "" = the one that the file names
    Search search;
    Limits limits = {};
    std::uint64_t seed = 1;  // math.random starts here; the same seed, the same numbers
    // Required modules that are here are not looked for in files.
    std::vector<ModuleText> modules = {};
  };

  // Reads, runs and checks a file: parse, shape of the table, names, number of parameters, and a
  // trial call of each function. All in a fresh state; nothing outside is touched. Blocks for the
  // file's reading.
  static Loaded load(const std::string& name, const Options& options);

  // The same for a text that is already there; `name` appears in messages. Modules are found by
  // `search` only.
  static Loaded loadText(const std::string& name, std::string_view text, const Options& options);

  ~Policy();
  Policy(const Policy&) = delete;
  Policy& operator=(const Policy&) = delete;

  const std::string& kind() const;
  const std::string& name() const;     // the policy's own name, or else its file's
  const std::string& file() const;     // as it was asked for
  const std::string& path() const;     // absolute; "" for a text
  const std::string& version() const;  // 12 hex digits of the SHA-256 over the file and its modules
  const std::vector<std::string>& modules() const;  // absolute paths of what it requires

  // The file as it was loaded, and the modules in the order of their loading: loadText() makes the
  // same policy of them, with the same version, wherever that is.
  const std::string& text() const;
  std::vector<ModuleText> moduleTexts() const;

  bool has(Function function) const;  // optional functions may be absent
  // How many parameters the policy's function names. Those beyond the required ones are optional:
  // a function that names them wants them, so that it must be called with values.
  int parameters(Function function) const;

  // Calls with the required inputs, which are numbers; allocates nothing, about 45 ns plus what the
  // function does. True: `out` is a finite number that the kind's types allow, or NaN where they
  // allow `false` and the policy returned it. False: failure() says why, `out` is untouched. At
  // most 32 inputs.
  bool call(Function function, std::span<const double> inputs, double& out) noexcept;

  // Keeps a value inside the policy's state, so that many calls can get it at the price of a
  // number. Returns its handle, or 0 if it exceeds the memory limit, which it counts against; a
  // call with that handle fails and says so. A policy that writes into a kept table changes it for
  // later calls. `inPlaceOf`: a handle that stands for this value from now on.
  int keep(const Value& value, int inPlaceOf = 0) noexcept;
  // Ends all handles.
  void forgetKept() noexcept;
  // The same as the call with numbers; the kept values follow them as the optional inputs.
  bool call(Function function, std::span<const double> inputs, std::span<const int> kept,
            double& out) noexcept;

  // Calls with any values. The result is checked against the kind's types.
  bool call(Function function, std::span<const Value> inputs, Value& out);

  // About the last call that returned false.
  const Report& failure() const;

  // math.random goes on from here; for decisions that must be repeatable one by one.
  void seed(std::uint64_t seed);

  // What the last call used, and the loading before it.
  std::int64_t instructions() const;      // in whole steps
  std::int64_t loadInstructions() const;  // of the file's own statements and its modules
  // CPU time since the last call began, so ask right after it. Zero: it was over within the first
  // step, and not timed.
  std::chrono::nanoseconds cpu() const;
  std::size_t memory() const;         // bytes held now
  std::size_t memoryPeak() const;     // the most since loading

 private:
  struct Impl;
  std::unique_ptr<Impl> impl;
  explicit Policy(std::unique_ptr<Impl> impl);
  friend struct Loader;
};

}  // namespace maitred::lua
