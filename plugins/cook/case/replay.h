#pragma once
// Replay: decides recorded cycles anew, by the real core and the recorded policies, and compares.
// After each cycle it goes on from what was recorded, so that one difference does not make others.

#include "reader.h"

#include <maitred/lua.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace maitred::cook {

struct ReplayOptions {
  // A Lua file that orders the users in place of the recorded one; empty: the recorded one does.
  std::string fairness;
  lua::Search search;  // for it
};

// What a cycle decided otherwise than it was recorded.
struct ReplayDifference {
  std::string place;        // file, record, offset
  std::uint64_t cycle = 0;  // its number in the run
  std::int64_t wallMs = 0;  // unix ms
  std::string pool;
  std::string recorded, replayed;  // the first decision that differs, in words
};

struct ReplayReport {
  std::uint64_t cycles = 0;   // recorded ones
  std::uint64_t unknown = 0;  // of them before the first complete snapshot: they cannot be replayed
  std::uint64_t agreed = 0;   // as they were recorded
  std::uint64_t starts = 0;   // recorded ones, of the cycles that were replayed
  std::vector<ReplayDifference> differences;  // the first DIFFERENCES_MOST
  static constexpr std::size_t DIFFERENCES_MOST = 10;
  // Starts that only one of the two decided, by user: {recorded, replayed}.
  std::map<std::string, std::pair<std::uint64_t, std::uint64_t>> moved;
  std::vector<std::string> notes;  // what else is worth knowing, such as torn tails

  std::uint64_t replayed() const { return cycles - unknown; }
  std::uint64_t differ() const { return replayed() - agreed; }
};

class CaseReplay {
 public:
  // Throws std::invalid_argument, with the engine's text, if the policy cannot be loaded.
  explicit CaseReplay(ReplayOptions options);
  ~CaseReplay();

  // Files of one recording in their order. Throws CaseDamage with the place at fault; the report
  // has what went before.
  void add(const std::string& name, std::string bytes);
  const ReplayReport& report() const { return report_; }

 private:
  struct State;
  std::unique_ptr<State> state;
  ReplayReport report_;
};

// The whole of a file or folder.
ReplayReport replay(const std::string& path, ReplayOptions options = {});

}  // namespace maitred::cook
