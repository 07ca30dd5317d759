#include "files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace maitred::host {

namespace {

struct Descriptor {
  int fd;
  ~Descriptor() {
    if (fd >= 0) ::close(fd);
  }
};

std::string wordsFor(int error) {
  switch (error) {
    case ENOENT:
      return "does not exist";
    case EACCES:
      return "may not be read (permission denied)";
    case ENOTDIR:
      return "does not exist (a part of the path is no folder)";
    case ELOOP:
      return "is a loop of symbolic links";
    default:
      return std::string("cannot be read: ") + std::strerror(error);
  }
}

std::string sizeWords(size_t bytes) {
  return bytes >= (1 << 20) ? std::to_string(bytes >> 20) + " MiB"
                            : std::to_string(bytes >> 10) + " KiB";
}

}  // namespace

FileText readTextFile(const std::string& path, size_t limit) {
  if (path.find('\0') != std::string::npos) return {std::nullopt, "is no valid path"};
  Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  if (file.fd < 0) return {std::nullopt, wordsFor(errno)};
  struct stat info;
  if (::fstat(file.fd, &info) != 0) return {std::nullopt, wordsFor(errno)};
  if (S_ISDIR(info.st_mode)) return {std::nullopt, "is a folder"};
  if (!S_ISREG(info.st_mode)) return {std::nullopt, "is no regular file"};
  std::string text;
  char block[16384];
  while (true) {
    ssize_t count = ::read(file.fd, block, sizeof block);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return {std::nullopt, wordsFor(errno)};
    if (count == 0) return {std::move(text), ""};
    text.append(block, static_cast<size_t>(count));
    if (text.size() > limit) return {std::nullopt, "is larger than " + sizeWords(limit)};
  }
}

std::string absolutePath(const std::string& path, const std::string& folder) {
  std::filesystem::path result = std::filesystem::path(folder) / path;
  std::string text = result.lexically_normal().string();
  while (text.size() > 1 && text.back() == '/') text.pop_back();
  return text;
}

std::string folderOf(const std::string& path) {
  size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

std::string defaultStateFolder(const std::string& configFile) {
  if (configFile.starts_with("/etc/")) return "/var/lib/maitred";
  return absolutePath("state", folderOf(configFile));
}

std::string currentFolder() {
  std::error_code error;
  std::filesystem::path folder = std::filesystem::current_path(error);
  return error ? "/" : folder.string();
}

bool isRegularFile(const std::string& path) {
  struct stat info;
  return ::stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode);
}

}  // namespace maitred::host
