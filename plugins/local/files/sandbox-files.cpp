#include "sandbox-files.h"

#include "shim/posix.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <memory>

#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/openat2.h>
#include <pwd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace maitred::local {

namespace {

using Kind = FileProblem::Kind;

[[noreturn]] void fail(int error) {
  switch (error) {
    case ENOENT:
      throw FileProblem{Kind::missing, "No such file or directory."};
    case ENOTDIR:
      throw FileProblem{Kind::missing, "A part of the path is not a directory."};
    case EXDEV:
    case ELOOP:
      throw FileProblem{Kind::refused, "The path leads out of the sandbox."};
    case EACCES:
    case EPERM:
      throw FileProblem{Kind::refused, "Permission denied."};
    default:
      throw FileProblem{Kind::other, strerror(error)};
  }
}

class Names {
 public:
  std::string user(uid_t uid) {
    auto& name = users[uid];
    passwd entry, *found = nullptr;
    if (name.empty()) getpwuid_r(uid, &entry, buffer, sizeof(buffer), &found);
    if (name.empty()) name = found != nullptr ? found->pw_name : std::to_string(uid);
    return name;
  }
  std::string group(gid_t gid) {
    auto& name = groups[gid];
    ::group entry, *found = nullptr;
    if (name.empty()) getgrgid_r(gid, &entry, buffer, sizeof(buffer), &found);
    if (name.empty()) name = found != nullptr ? found->gr_name : std::to_string(gid);
    return name;
  }

 private:
  char buffer[16384];
  std::map<uid_t, std::string> users;
  std::map<gid_t, std::string> groups;
};

std::string relative(const std::string& path) {
  size_t start = path.find_first_not_of('/');
  std::string out = start == std::string::npos ? "" : path.substr(start);
  while (!out.empty() && out.back() == '/') out.pop_back();
  return out;
}

struct CloseDir {
  void operator()(DIR* dir) const { closedir(dir); }
};

}  // namespace

kj::AutoCloseFd SandboxFiles::openAny(const std::string& path) const {
  if (path.find('\0') != std::string::npos || path.size() > PATH_MAX) fail(ENOENT);
  int raw = ::open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
  if (raw < 0) fail(errno);
  kj::AutoCloseFd folder(raw);
  std::string below = relative(path);
  // A pipe without a writer would block for ever.
  int flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
  open_how how{};
  how.flags = uint64_t(flags);
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  long fd =
      syscall(SYS_openat2, folder.get(), below.empty() ? "." : below.c_str(), &how, sizeof(how));
  if (fd < 0 && errno == ENOSYS) fd = openWithoutLinks(folder, below, flags);
  if (fd < 0) fail(errno);
  return kj::AutoCloseFd(int(fd));
}

std::vector<FileFacts> SandboxFiles::browse(const std::string& path, size_t max) const {
  auto fd = openAny(path);
  struct stat facts;
  if (fstat(fd, &facts) != 0) fail(errno);
  std::vector<FileFacts> out;
  if (!S_ISDIR(facts.st_mode)) return out;
  std::unique_ptr<DIR, CloseDir> dir(fdopendir(fd.release()));
  if (dir == nullptr) fail(errno);
  std::string below = relative(path);
  Names names;
  size_t bytes = 0;
  while (dirent* entry = readdir(dir.get())) {
    std::string name = entry->d_name;
    if (name == "." || name == "..") continue;
    if (fstatat(dirfd(dir.get()), name.c_str(), &facts, AT_SYMLINK_NOFOLLOW) != 0) continue;
    FileFacts one;
    one.path = below.empty() ? name : below + "/" + name;
    one.directory = S_ISDIR(facts.st_mode);
    one.mode = facts.st_mode;
    one.owner = names.user(facts.st_uid);
    one.group = names.group(facts.st_gid);
    one.size = uint64_t(facts.st_size);
    one.modifiedAt = int64_t(facts.st_mtim.tv_sec) * 1'000'000'000 + facts.st_mtim.tv_nsec;
    one.links = uint32_t(facts.st_nlink);
    bytes += one.path.size();
    out.push_back(std::move(one));
    if (out.size() >= max || bytes >= PATH_BYTES_MAX) break;
  }
  std::sort(out.begin(), out.end(), [](auto& a, auto& b) { return a.path < b.path; });
  return out;
}

kj::AutoCloseFd SandboxFiles::open(const std::string& path, uint64_t& size) const {
  auto fd = openAny(path);
  struct stat facts;
  if (fstat(fd, &facts) != 0) fail(errno);
  if (S_ISDIR(facts.st_mode)) throw FileProblem{Kind::directory, "Cannot read a directory."};
  if (!S_ISREG(facts.st_mode)) throw FileProblem{Kind::refused, "Not a regular file."};
  // A task can name or move a file into its sandbox that it may not read. We may read it: not for
  // others.
  struct stat sandbox;
  if (lstat(root.c_str(), &sandbox) != 0) fail(errno);
  bool owned = sandbox.st_uid == 0 || sandbox.st_uid == facts.st_uid;
  bool shared = sandbox.st_gid == facts.st_gid && (facts.st_mode & S_IRGRP) != 0;
  if (!owned && !shared && (facts.st_mode & S_IROTH) == 0) fail(EACCES);
  size = uint64_t(facts.st_size);
  return fd;
}

FilePiece SandboxFiles::read(const std::string& path, int64_t offset, size_t length) const {
  FilePiece piece;
  auto fd = open(path, piece.size);
  if (offset < 0) {
    piece.offset = piece.size;
    return piece;
  }
  piece.offset = uint64_t(offset);
  if (piece.offset >= piece.size) return piece;
  piece.data.resize(size_t(std::min<uint64_t>(length, piece.size - piece.offset)));
  size_t done = 0;
  while (done < piece.data.size()) {
    ssize_t n =
        pread(fd, piece.data.data() + done, piece.data.size() - done, offset + int64_t(done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail(errno);
    if (n == 0) break;
    done += size_t(n);
  }
  piece.data.resize(done);
  return piece;
}

std::string modeText(uint32_t mode) {
  std::string text = "?";
  if (S_ISREG(mode)) text = "-";
  if (S_ISDIR(mode)) text = "d";
  if (S_ISLNK(mode)) text = "l";
  if (S_ISFIFO(mode)) text = "p";
  if (S_ISSOCK(mode)) text = "s";
  for (int shift = 6; shift >= 0; shift -= 3) {
    text += (mode >> shift) & 4 ? 'r' : '-';
    text += (mode >> shift) & 2 ? 'w' : '-';
    text += (mode >> shift) & 1 ? 'x' : '-';
  }
  return text;
}

}  // namespace maitred::local
