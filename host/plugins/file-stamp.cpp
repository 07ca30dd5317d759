#include "file-stamp.h"

#include <sys/stat.h>

#include <kj/string.h>

namespace maitred::host {

std::string fileStamp(const std::string& path) {
  struct stat file;
  if (stat(path.c_str(), &file) < 0) return "";
  auto text = kj::str(file.st_dev, ':', file.st_ino, ':', file.st_size, ':', file.st_mode, ':',
                      file.st_mtim.tv_sec, '.', file.st_mtim.tv_nsec, ':', file.st_ctim.tv_sec, '.',
                      file.st_ctim.tv_nsec);
  return text.cStr();
}

}  // namespace maitred::host
