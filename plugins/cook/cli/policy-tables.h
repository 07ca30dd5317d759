#pragma once
// What `maitred cook policy-eval` prints: two orders, or two choices of nodes, side by side.

#include <policy/replay.h>

#include <string>

namespace maitred::cook::cli {

struct SideNames {
  std::string candidate, inForce;  // as the header lines name them
};

// The snapshot in one sentence.
std::string headline(const Snapshot& snapshot);

std::string orderText(const PolicyOrder& candidate, const PolicyOrder& inForce, std::size_t limit);
nlohmann::json orderJson(const PolicyOrder& candidate, const PolicyOrder& inForce);

std::string choiceText(const Snapshot& snapshot, const PolicyChoices& candidate,
                       const PolicyChoices& inForce, std::size_t limit);
nlohmann::json choiceJson(const Snapshot& snapshot, const PolicyChoices& candidate,
                          const PolicyChoices& inForce);

}  // namespace maitred::cook::cli
