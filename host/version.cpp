#include "host/cli/version.h"

namespace maitred::host::cli {

const char* hostVersion() {
  return MAITRED_VERSION;
}

}  // namespace maitred::host::cli
