#pragma once
// From the configuration to what the parts take, and what its schema cannot say.

#include "queue/batch-queue.h"
#include "rest/rest.h"

#include <cook.capnp.h>

namespace maitred::cook {

QueueSettings queueSettings(CookConfig::Reader config);
RestSettings restSettings(CookConfig::Reader config);
PolicyFiles policyFiles(CookConfig::Reader config);

struct CaseFileSettings {
  std::string folder;  // empty: nothing is recorded
  std::uint64_t size = 0;
  std::size_t files = 0;
  bool operator==(const CaseFileSettings&) const = default;
};
CaseFileSettings caseFileSettings(CookConfig::Reader config);

struct ConfigFault {
  std::vector<std::string> path;  // keys as in YAML
  std::string message;
  std::string hint = "";  // what to do; may be empty
};
// The text at that place must be a regular expression.
void checkPattern(const std::string& text, std::vector<std::string> path,
                  std::vector<ConfigFault>& faults);
// Faults in the expressions of rules; `key`: where they stand.
template <typename Rules>
void checkExpressions(Rules rules, const char* key, std::vector<ConfigFault>& faults) {
  for (uint i = 0; i < rules.size(); ++i) {
    checkPattern(rules[i].getPoolRegex().cStr(), {key, std::to_string(i), "pool_regex"}, faults);
  }
}

// No side effects; policy files are read.
std::vector<ConfigFault> faultsIn(CookConfig::Reader config);

}  // namespace maitred::cook
