#pragma once
// Removing what a task has left, however it has built it.

#include <string>

namespace maitred::local {

// Removes the task's folder `name` below the folder `parent`: its subfolders, however deep, with
// few descriptors and through no link, then its record, so that what is found after a crash in
// between is either a task that has ended or one that never started. Only then the other files. Why
// it is not or not wholly done, or nothing. Blocking.
std::string removeTaskFolder(int parent, const std::string& name);

}  // namespace maitred::local
