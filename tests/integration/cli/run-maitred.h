#pragma once
// Runs the built executable, or a shell, and keeps what it wrote.

#include "tests/unit/host-admin/temp-folder.h"

#include <map>
#include <string>
#include <vector>

namespace maitred::host::test {

struct Outcome {
  int exitCode = -1;  // 128 + signal if one ended it
  std::string out;
  std::string err;
};

struct RunSettings {
  std::string folder = ".";                        // working directory
  std::string input;                               // its standard input
  std::map<std::string, std::string> environment;  // on top of ours
  int seconds = 60;                                // then it is killed
};

// `words[0]` is the program.
Outcome runProgram(const std::vector<std::string>& words, const RunSettings& settings = {});

// build/<preset>/bin/maitred with the test's own plugins in the plugin path.
Outcome maitred(std::vector<std::string> words, RunSettings settings = {});
std::string maitredExecutable();
std::string probeFolder();

}  // namespace maitred::host::test
