#pragma once

#include "host/cli/command.h"

namespace maitred::host::cli {

// `maitred ctl support`.
Command ctlSupportCommand();

}  // namespace maitred::host::cli
