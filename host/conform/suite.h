#pragma once
// The suite: runs checks on one plugin, each in a process of its own, so that a crash or a hang is
// the failure of one check. The processes are started from the `maitred` executable with
// `plugins conform-one`, which is runOne().

#include "check.h"
#include "subject.h"

#include <kj/time.h>

#include <functional>
#include <string>
#include <vector>

namespace maitred::host::conform {

struct SuiteOptions {
  SubjectOptions subject;  // `scratch` is not used: each check gets a fresh folder
  std::vector<Isolation> isolations = {Isolation::process, Isolation::inlined};
  std::vector<std::string> only;  // names of checks; empty: all of them
  uint64_t seed = 1;
  kj::Duration patience = 10 * kj::SECONDS;  // for any single step of a check
  unsigned jobs = 2;                         // processes at once
  std::string executable = "/proc/self/exe";
};

struct Outcome {
  const Check* check;
  Isolation isolation;
  Verdict verdict;
  kj::Duration took = 0 * kj::SECONDS;
};

// Runs them and returns what came of each, in the order of checks(); each is handed to `onOutcome`
// in that order, as soon as all before it are known. Blocks; sets up a loop of its own. Throws
// kj::Exception if the system gives no folder or no process.
std::vector<Outcome> runSuite(const SuiteOptions& options,
                              const std::function<void(const Outcome&)>& onOutcome);

// One check in this very process.
struct OneOptions {
  SubjectOptions subject;
  std::string check;
  Isolation isolation = Isolation::none;
  uint64_t seed = 1;
  kj::Duration patience = 10 * kj::SECONDS;
  int report = 3;  // descriptor to which is written what is being done, and what came of it
};

// Writes lines to the descriptor: "step TEXT", and at the end "done" with a JSON object. Returns an
// exit code, which is of no meaning once "done" was written.
int runOne(const OneOptions& options);

}  // namespace maitred::host::conform
