#pragma once
// The Sandbox capability of one task.

#include <maitred/schema/backend.capnp.h>

#include <string>

namespace maitred::local {

// `root`: the sandbox's absolute path. Blocking reads run off the loop.
backend::Sandbox::Client newSandbox(std::string root);

}  // namespace maitred::local
