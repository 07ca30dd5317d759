#pragma once

#include "command.h"

namespace maitred::host::cli {

Command conformCommand();
Command conformOneCommand();  // hidden: one check, in the process that `conform` starts for it

}  // namespace maitred::host::cli
