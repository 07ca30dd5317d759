#pragma once
// What the kernel knows of a process that must not grow.

#include <map>
#include <string>
#include <vector>

#include <sys/types.h>

namespace maitred::e2e {

struct ProcessFacts {
  size_t descriptors = 0;
  size_t threads = 0;
  size_t memoryKib = 0;                       // resident, of its own (RssAnon)
  std::map<std::string, size_t> open;         // what the descriptors are: "socket", a path, …
};

// Throws if there is no such process.
ProcessFacts factsOf(pid_t process);

// Its children, theirs, and so on; zombies too.
std::vector<pid_t> descendantsOf(pid_t process);

}  // namespace maitred::e2e
