#pragma once
// The text of a first policy of a kind.

#include "kinds.h"

#include <string>

namespace maitred::lua {

std::string policyTemplate(const Kind& kind);

}  // namespace maitred::lua
