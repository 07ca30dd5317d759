#pragma once
// A check of the conformance suite: what it is called, and how it finds out.
//
// Each run of a check has a process of its own, so that it may crash or hang; see run.h. The checks
// themselves are in checks/, one file a subject.

#include <string>
#include <vector>

namespace maitred::host::conform {

// How the plugin runs during a check. `none`: the check looks at the file, nothing is started.
enum class Isolation { none, process, inlined };
const char* nameOf(Isolation isolation);  // "-", "process", "inline"

enum class Result { passed, failed, notApplicable };
const char* nameOf(Result result);  // "passed", "FAILED", "not applicable"

struct Verdict {
  Result result = Result::failed;
  std::string reason;  // one line: what was seen
};

// Thrown by a check, and by everything that a check uses.
struct Failed {
  std::string reason;
};
struct NotApplicable {
  std::string reason;
};

class Trial;

struct Check {
  const char* name;
  const char* summary;  // one sentence: what holds if it passes
  bool isolated;        // run once in each isolation; otherwise once
  // Returns what was seen, as the end of a line. Throws Failed or NotApplicable; a kj::Exception
  // counts as a failure.
  std::string (*run)(Trial& trial);
};

// In the order in which they are run. Those up to and with `start` come first: where one of them
// fails, the others say nothing.
const std::vector<Check>& checks();
const Check* checkNamed(const std::string& name);

// Their functions; checks.cpp lists them.
std::string checkNote(Trial& trial);
std::string checkLoad(Trial& trial);
std::string checkStart(Trial& trial);
std::string checkConfig(Trial& trial);
std::string checkReconfigure(Trial& trial);
std::string checkHealth(Trial& trial);
std::string checkDrainInStart(Trial& trial);
std::string checkDrainInWork(Trial& trial);
std::string checkStopInStart(Trial& trial);
std::string checkHangUp(Trial& trial);
std::string checkHalfClosed(Trial& trial);
std::string checkRepeat(Trial& trial);
std::string checkSlowHost(Trial& trial);
std::string checkRevoked(Trial& trial);
std::string checkListeners(Trial& trial);
std::string checkBackend(Trial& trial);

}  // namespace maitred::host::conform
