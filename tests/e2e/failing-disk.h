#pragma once
// Disks that cannot be written any more while files on them are open. An ordinary `mount -o
// remount,ro` is no such thing: the kernel refuses it as long as a file is open for writing.

#include "system.h"

#include <memory>
#include <string>
#include <vector>

namespace maitred::e2e {

// The queue's store on an ext4 of its own that is mounted with errors=remount-ro. After an error of
// the disk the kernel makes it read-only under everybody's feet; only unmounting brings it back.
class FailingDisk {
 public:
  // Before the system starts. Null where that is not allowed, with the reason.
  static std::unique_ptr<FailingDisk> make(System& system, std::string* whyNot);
  ~FailingDisk() noexcept(false);
  KJ_DISALLOW_COPY(FailingDisk);

  void fail();    // an error of the disk; every write fails with EROFS from here on
  bool repair();  // unmounted, checked, mounted anew; false as long as somebody has files open

 private:
  FailingDisk(std::string image, std::string folder);
  std::string image, folder;
};

// Files that can be opened and read but not written, whoever has them open: the immutable flag of
// the file system. It goes as it came, with the files open.
class FrozenFiles {
 public:
  static bool possible(const std::string& folder, std::string* whyNot);
  explicit FrozenFiles(const std::string& folder);  // the folder and the files in it
  ~FrozenFiles() noexcept(false);
  KJ_DISALLOW_COPY(FrozenFiles);
  void thaw();

 private:
  std::vector<std::string> paths;
};

}  // namespace maitred::e2e
