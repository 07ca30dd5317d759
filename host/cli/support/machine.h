#pragma once
// What can be seen of the machine and of its files from outside of the host. All of them throw
// Failure with a sentence where they cannot tell.

#include <string>

#include <sys/types.h>

namespace maitred::host::cli {

// Versions of this program, of Cap'n Proto, the distribution and the kernel, as JSON.
std::string describeVersions();

// Processors, memory, load, limits of this process, and the space left for `folder`.
std::string describeMachine(const std::string& folder);

// The shared objects that a process has mapped, one path a line: which builds are really in use.
std::string librariesOf(pid_t process);

// Sizes, owners, rights and times of what lies in a folder, two levels deep, at most 500 lines. No
// contents.
std::string listFolder(const std::string& folder);

// At most `most` bytes of the end of a regular file.
std::string endOf(const std::string& file, size_t most);

}  // namespace maitred::host::cli
