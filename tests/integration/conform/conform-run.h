#pragma once
// `maitred plugins conform … --json`, run and read.

#include "tests/integration/cli/run-maitred.h"

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace maitred::host::test {

struct ConformRun {
  Outcome outcome;
  nlohmann::json report;  // null if it printed none
};

// Of a plugin's file; `words` are further options.
ConformRun conform(const std::string& library, std::vector<std::string> words = {});

// One line for each check that failed.
std::string failuresOf(const ConformRun& run);

}  // namespace maitred::host::test
