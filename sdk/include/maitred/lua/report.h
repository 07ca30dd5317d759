#pragma once
// Why a policy could not be loaded or could not decide, and how to see it again.

#include <cstdint>
#include <string>

namespace maitred::lua {

enum class Cause {
  none,
  source,        // the file cannot be found or read, or is no text
  syntax,        // it does not parse
  contract,      // wrong kind, missing or unknown function, wrong number of parameters
  error,         // it raised an error
  instructions,  // it exceeded the instruction budget
  memory,        // it exceeded the memory limit, or one string its bound
  time,          // it exceeded the CPU time limit
  result,        // it returned NaN, infinity, a wrong type, or a value out of range
};
constexpr int causeCount = 9;

// One lower-case word, for metrics labels and text.
const char* causeName(Cause cause);

struct Report {
  Cause cause = Cause::none;
  std::string file;            // as the operator wrote it, or a module's path
  int line = 0;                // 1-based; 0 if unknown
  std::string function;        // the policy's function, "" while loading
  std::string message;         // "score() returned nil"
  std::string hint;            // "expected: number (lower goes first)"; "" if there is none
  std::string inputs;          // "mem=1024, cpus=2", at most 1 KiB
  std::string repeat;          // a command that repeats the call; "" if there is none
  std::string traceback;       // Lua's, "" if there is none; at most 4 KiB
  std::string version;         // digest of the failing version, "" if it never became one
  std::string decidedInstead;  // "the built-in default" or "version 3c91… (last good)"
  std::uint64_t repeated = 0;  // earlier failures at the same place, most of them not reported

  // "file:line: message", then indented lines: inputs, hint, traceback, repeat, what decided
  // instead.
  std::string text() const;
};

}  // namespace maitred::lua
