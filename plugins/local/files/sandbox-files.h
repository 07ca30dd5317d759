#pragma once
// Reading a task's sandbox, never anything else: every path is resolved below the sandbox by the
// kernel, so that neither `..` nor a link that a task made leads out. All calls block: not on a
// loop thread.

#include <kj/io.h>

#include <cstdint>
#include <string>
#include <vector>

namespace maitred::local {

// Thrown as is; `text` is for the reader and names no path of ours.
struct FileProblem {
  enum class Kind { missing, directory, notADirectory, refused, other };
  Kind kind;
  std::string text;
};

struct FileFacts {
  std::string path;  // relative to the sandbox
  bool directory = false;
  uint32_t mode = 0;  // st_mode
  std::string owner, group;
  uint64_t size = 0;
  int64_t modifiedAt = 0;  // unix ns
  uint32_t links = 0;
};

struct FilePiece {
  std::string data;
  uint64_t offset = 0;
  uint64_t size = 0;  // of the file
};

class SandboxFiles {
 public:
  static constexpr size_t ENTRIES_MAX = 20'000;
  static constexpr size_t PATH_BYTES_MAX = 16 << 20;

  explicit SandboxFiles(std::string root) : root(std::move(root)) {}

  // Entries of a folder, sorted by path; of a file: none. At most `max`, and
  // paths of PATH_BYTES_MAX.
  std::vector<FileFacts> browse(const std::string& path, size_t max = ENTRIES_MAX) const;
  // offset -1: no data, `offset` and `size` tell the size.
  FilePiece read(const std::string& path, int64_t offset, size_t length) const;
  // A regular file, opened for reading.
  kj::AutoCloseFd open(const std::string& path, uint64_t& size) const;

 private:
  kj::AutoCloseFd openAny(const std::string& path) const;
  std::string root;
};

// "-rw-r--r--", "drwxr-x---"
std::string modeText(uint32_t mode);

}  // namespace maitred::local
