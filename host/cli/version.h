#pragma once

namespace maitred::host::cli {

// "0.1.0". Defined by the executable, so that nothing but one small file depends on the version.
const char* hostVersion();

}  // namespace maitred::host::cli
