#include "files.h"

#include <kj/debug.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sys/file.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

namespace maitred::cook {
namespace {

constexpr std::string_view SUFFIX = ".case";
// A former owner of the folder may have a last write under way.
constexpr int LOCK_TRIES = 40;
constexpr std::chrono::milliseconds LOCK_PAUSE{50};

[[noreturn]] void fail(const std::string& path, const char* what, int error) {
  kj::throwFatalException(
      KJ_EXCEPTION(FAILED, kj::str(path.c_str(), ": ", what, ": ", std::strerror(error))));
}

}  // namespace

std::optional<std::uint64_t> caseFileNumber(std::string_view name) {
  if (!name.ends_with(SUFFIX)) return std::nullopt;
  name.remove_suffix(SUFFIX.size());
  std::uint64_t number = 0;
  auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (name.size() < 8 || error != std::errc() || end != name.data() + name.size()) {
    return std::nullopt;
  }
  return number;
}

std::string CaseFiles::pathOf(std::uint64_t number) const {
  char name[32];
  std::snprintf(name, sizeof name, "%08llu.case", static_cast<unsigned long long>(number));
  return folder + "/" + name;
}

void CaseFiles::lockFolder() {
  if (lock.get() >= 0) return;
  std::error_code error;
  auto parent = std::filesystem::path(folder).parent_path();
  if (!parent.empty()) std::filesystem::create_directories(parent, error);
  if (mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
    fail(folder, "the folder cannot be made", errno);
  }
  kj::AutoCloseFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd.get() < 0) fail(folder, "the folder cannot be opened", errno);
  for (int i = 0; flock(fd.get(), LOCK_EX | LOCK_NB) != 0; ++i) {
    if (i == LOCK_TRIES || errno != EWOULDBLOCK) {
      fail(folder, "the folder is in use by another queue", errno);
    }
    std::this_thread::sleep_for(LOCK_PAUSE);
  }
  lock = kj::mv(fd);
}

// In ascending order.
std::vector<std::uint64_t> CaseFiles::numbers() const {
  std::vector<std::uint64_t> found;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (auto number = caseFileNumber(entry.path().filename().string())) found.push_back(*number);
  }
  std::sort(found.begin(), found.end());
  return found;
}

void CaseFiles::prune(std::size_t keep) {
  auto present = numbers();
  for (std::size_t i = 0; i + keep < present.size(); ++i) {
    std::string old = pathOf(present[i]);
    if (unlink(old.c_str()) != 0 && errno != ENOENT) fail(old, "cannot be removed", errno);
  }
}

void CaseFiles::begin() {
  lockFolder();
  prune(most);
  auto present = numbers();
  path = pathOf(present.empty() ? 1 : present.back() + 1);
  kj::AutoCloseFd fd(
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (fd.get() < 0) fail(path, "cannot be made", errno);
  file = kj::mv(fd);
  size = 0;
}

std::uint64_t CaseFiles::append(std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t written = ::write(file.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail(path, "cannot be written", errno);
    bytes.remove_prefix(static_cast<std::size_t>(written));
    size += static_cast<std::uint64_t>(written);
  }
  return size;
}

void CaseFiles::discard() {
  if (file.get() < 0) return;
  file = nullptr;
  unlink(path.c_str());
}

}  // namespace maitred::cook
