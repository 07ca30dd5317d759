#pragma once
// The files beside a sandbox, read as facts. They are read whole or not at all: a file that opens
// as a message may still hold a text without its end, or an end that is none.

#include "task-facts.h"

#include <optional>

namespace maitred::local {

// Of the task's folder; nothing if the file is absent or damaged. Never throws.
std::optional<TaskFacts> readFacts(int folder);
std::optional<EndFactsOnDisk> readEnd(int folder, const char* name);

}  // namespace maitred::local
