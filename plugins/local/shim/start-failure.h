#pragma once
#include <maitred/schema/backend.capnp.h>

#include <string>

namespace maitred::local {

// Thrown while a task is prepared: its command has not been started and never will be.
struct StartFailure {
  backend::Reason reason;
  std::string text;
};

}  // namespace maitred::local
