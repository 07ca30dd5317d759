#pragma once
// The commands of `maitred policy` that need the state of a running host.

#include "command.h"

namespace maitred::host::cli {

int evalOnState(const Words& words);  // the words behind `maitred policy eval`
int printState(const Words& words);   // those behind `maitred policy snapshot`

}  // namespace maitred::host::cli
