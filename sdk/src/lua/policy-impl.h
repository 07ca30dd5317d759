#pragma once
// What a Policy consists of, for policy.cpp (calls) and load.cpp (loading and checks).

#include "kinds.h"
#include "sandbox.h"

#include <maitred/lua/policy.h>

#include <memory>
#include <span>
#include <string>
#include <vector>

namespace maitred::lua {

struct Policy::Impl {
  // Stack of the sandbox's main thread, all through its life: the message handler, then the
  // functions in the kind's order (nil where there is none).
  static constexpr int handlerIndex = 1;
  static constexpr int firstFunction = 2;

  struct Entry {
    const Member* contract = nullptr;  // in the kind; its type is a function
    bool present = false;
    bool numeric = false;    // numbers in, one number out: the quick way is open
    bool refusable = false;  // `false` in place of the number is an answer too
    int inputs = 0;          // that it gets in any case
    int taken = 0;           // that the policy's function names, optional ones included
    double least = 0, most = 0;  // of the result
  };

  Impl(const Options& options, std::vector<std::string> moduleRoots)
      : options(options), sandbox(options.limits, std::move(moduleRoots), options.seed) {}

  lua_State* state() const { return sandbox.state(); }
  int top() const { return firstFunction + static_cast<int>(entries.size()) - 1; }

  // Turns Lua's status and the error at the top of the stack into a report (without inputs).
  Report describe(int status, const std::string& function);

  // Both fill `failure` and restore the stack. They return false, for the callers to pass on.
  bool failed(int status, const Entry& entry, std::span<const Value> inputs);
  bool wrongResult(const std::string& message, const Entry& entry, std::span<const Value> inputs);
  // After a quick call that gave no number within its range.
  [[gnu::noinline]] bool notNumber(int status, const Entry& entry, std::span<const double> inputs,
                                   std::span<const int> kept);
  // Puts kept values on the stack; one that does not exist is nil.
  void pushKept(std::span<const int> kept) const;
  void addInputs(Report& report, const Entry& entry, std::span<const Value> inputs) const;

  // The call itself, by the general way, unchecked results included.
  bool call(const Entry& entry, int index, std::span<const Value> inputs, Value& out);

  Options options;
  Sandbox sandbox;
  const Kind* kind = nullptr;
  std::vector<Entry> entries;
  std::string name, file, path, version, text;
  std::vector<std::string> modulePaths;
  std::int64_t loadInstructions = 0;
  int keptCount = 0;
  Report failure;
};

}  // namespace maitred::lua
