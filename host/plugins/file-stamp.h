#pragma once
// fileStamp: what tells one build of a file from the next without reading it.

#include <string>

namespace maitred::host {

// Device, inode, size, mode and times as one word; empty if the file cannot be examined. Follows
// links. A file that is written or replaced gets another one. Does not wait for a disk as a rule.
std::string fileStamp(const std::string& path);

}  // namespace maitred::host
