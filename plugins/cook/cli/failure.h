#pragma once
// Why a command ends early: the text for the person, and the exit code (see cli.h).

#include <stdexcept>
#include <string>

namespace maitred::cook::cli {

enum class Exit { done = 0, no = 1, usage = 2, unreachable = 3, timeout = 4 };

class Failure : public std::runtime_error {
 public:
  Failure(Exit exit, const std::string& text) : std::runtime_error(text), exit(exit) {}
  Exit exit;
};

}  // namespace maitred::cook::cli
