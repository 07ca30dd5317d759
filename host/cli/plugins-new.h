#pragma once

#include "command.h"

namespace maitred::host::cli {

Command newPluginCommand();

}  // namespace maitred::host::cli
