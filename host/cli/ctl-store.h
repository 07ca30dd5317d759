#pragma once

#include "command.h"

namespace maitred::host::cli {

// `maitred ctl store`, with its subcommands.
Command ctlStoreCommand();

}  // namespace maitred::host::cli
