#pragma once
// What is thrown when something does not hold that must.

#include <stdexcept>

namespace maitred::simulation {

struct Violation : std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace maitred::simulation
