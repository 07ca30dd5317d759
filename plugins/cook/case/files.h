#pragma once
// CaseFiles: the case files of one queue in a folder of their own: 00000001.case, 00000002.case, …
// The functions block; call them off the loop, one at a time. They throw kj::Exception with the
// path and the system's reason.

#include <kj/common.h>
#include <kj/io.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace maitred::cook {

// The number of a case file's name; nothing: it is none.
std::optional<std::uint64_t> caseFileNumber(std::string_view name);

class CaseFiles final {
 public:
  // At most `most` files remain, or one more while a new one is begun. The folder is made when the
  // first file is. Nobody else may write there meanwhile; it is locked.
  CaseFiles(std::string folder, std::size_t most) : folder(std::move(folder)), most(most) {}
  KJ_DISALLOW_COPY(CaseFiles);

  // Begins a new file, which only its owner can read.
  void begin();
  // Adds to it; returns its size. What was written in part when it throws is a torn tail.
  std::uint64_t append(std::string_view bytes);
  // The present file is worth more than the oldest ones.
  void prune() { prune(most); }
  // It is worth nothing.
  void discard();

 private:
  std::string folder, path;
  std::size_t most;
  kj::AutoCloseFd lock, file;
  std::uint64_t size = 0;

  void lockFolder();
  std::vector<std::uint64_t> numbers() const;
  std::string pathOf(std::uint64_t number) const;
  void prune(std::size_t keep);
};

}  // namespace maitred::cook
