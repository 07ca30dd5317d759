#pragma once
// Disks that fill up, and turn read-only, under a system that runs.

#include "system.h"

#include <memory>
#include <string>

namespace maitred::e2e {

// Whether this process may mount, seen by it and its children only; the reason where it may not.
bool ownMounts(std::string* whyNot);

// The state folder on a disk that can become full.
class SmallDisk {
 public:
  virtual ~SmallDisk() noexcept(false) {}
  virtual void fill() = 0;      // from here on the system finds no room
  virtual void makeRoom() = 0;  // from here on it does
};

// A small file system of its own at the system's state folder, made before the system starts. It is
// seen by this process and its children only. Null where that is not allowed, with the reason.
std::unique_ptr<SmallDisk> mountedDisk(System& system, std::string* whyNot);

// Needs no right: the running processes of the host and its plugins get a limit on the size of
// files, so that each write fails (EFBIG in place of ENOSPC).
std::unique_ptr<SmallDisk> limitedDisk(System& system);

// A folder that is read-only while this lives.
class ReadOnlyFolder {
 public:
  // False, with the reason, where mounting is not allowed.
  static bool possible(std::string* whyNot);
  explicit ReadOnlyFolder(const std::string& folder);
  ~ReadOnlyFolder() noexcept(false);
  KJ_DISALLOW_COPY(ReadOnlyFolder);
  void lift();  // it can be written from here on

 private:
  std::string folder;
};

}  // namespace maitred::e2e
