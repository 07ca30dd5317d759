#pragma once
// Schemas only grow: what was promised once is still promised. Pure.

#include "schema-lines.h"

namespace maitred::schemas {

struct Comparison {
  std::vector<std::string> broken;  // sentences: what changed, and what to do
  std::vector<std::string> grown;   // keys that are new
};

Comparison compare(const Promises& baseline, const Promises& today);

}  // namespace maitred::schemas
