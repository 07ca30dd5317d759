#include "progress-watch.h"

#include "core/paths.h"
#include "posix.h"

#include <algorithm>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace maitred::local {

namespace {

constexpr int64_t PAUSE_LEAST_MS = 50, PAUSE_MOST_MS = 1000;
constexpr int64_t READING_PART = 20;
constexpr int64_t READING_MS = 50;         // in one go
constexpr int64_t LAST_READING_MS = 1000;  // at the end
constexpr int64_t BACKLOG_BYTES = 1 << 20;
constexpr size_t PIECE_BYTES = 8 * 1024;

}  // namespace

ProgressWatch::ProgressWatch(Launch::Reader launch, const Folders& folders, int64_t nowMs)
    : launch(launch),
      rule(launch.getProgress()),
      folders(folders),
      pause(std::clamp<int64_t>(rule.getIntervalMs(), PAUSE_LEAST_MS, PAUSE_MOST_MS)),
      readAt(nowMs + pause) {
  addFile("stdout");
  addFile("stderr");
  if (rule.getFile().size() > 0) addFile(rule.getFile().cStr());
}

void ProgressWatch::addFile(std::string path) {
  const std::string root = folders.sandboxPath + "/";
  if (path.starts_with(root)) path.erase(0, root.size());
  while (path.starts_with("./")) path.erase(0, 2);
  bool known = std::any_of(files.begin(), files.end(), [&](auto& one) { return one.path == path; });
  // The same as what is read anyway.
  if (known || path == "/dev/stdout" || path == "/dev/stderr") return;
  if (staysBeneath(path)) {
    files.push_back({std::move(path), 0, 0, {}});
  } else {
    take(ProgressReport{std::nullopt,
                        "maitred: the progress file " + cleanMessage(path, 200) +
                            " is not read, since it is not in the sandbox"});
  }
}

const ProgressPattern& ProgressWatch::compiled() {
  if (!pattern) {
    auto text = rule.getPattern();
    pattern.emplace(std::string_view(text.begin(), text.size()), rule.getMessageBytesMax());
    if (!pattern->fault().empty()) {
      take(ProgressReport{std::nullopt, "maitred: " + pattern->fault()});
    }
  }
  return *pattern;
}

int64_t ProgressWatch::dueAt() const {
  return untold ? std::min(readAt, tellFrom) : readAt;
}

bool ProgressWatch::tick(int64_t nowMs) {
  if (nowMs >= readAt) {
    readAll(nowMs + READING_MS, false);
    int64_t end = steadyMs();
    readAt = end + std::max(pause, READING_PART * (end - nowMs));
  }
  return untold && nowMs >= tellFrom;
}

void ProgressWatch::told(int64_t nowMs) {
  untold = false;
  tellFrom = nowMs + rule.getIntervalMs();
}

void ProgressWatch::finish(int64_t nowMs) {
  readAll(nowMs + LAST_READING_MS, true);
}

void ProgressWatch::readAll(int64_t untilMs, bool over) {
  compiled();
  for (auto& file : files) {
    read(file, untilMs);
    if (over) take(file.scanner.finish(*pattern));
  }
}

void ProgressWatch::take(std::optional<ProgressReport> report) {
  if (!report || (sequence > 0 && *report == latest)) return;
  latest = std::move(*report);
  ++sequence;
  untold = true;
}

// Nothing where there is nothing new. A file that was replaced or cut is read from its beginning.
kj::Maybe<kj::Own<kj::AutoCloseFd>> ProgressWatch::open(File& file, int64_t& size) {
  struct stat facts;
  auto unchanged = [&]() {
    return facts.st_ino == file.inode && facts.st_size == file.offset;
  };
  if (fstatat(folders.sandbox, file.path.c_str(), &facts, AT_SYMLINK_NOFOLLOW) != 0 ||
      !S_ISREG(facts.st_mode) || unchanged()) {
    return nullptr;
  }
  int raw = openWithoutLinks(folders.sandbox, file.path,
                             O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (raw < 0) return nullptr;
  auto fd = kj::heap<kj::AutoCloseFd>(raw);
  // It may be another one by now. A second name of somebody else's file is none of the task's.
  bool foreign = fstat(*fd, &facts) != 0 || !S_ISREG(facts.st_mode) ||
                 (launch.getAccount().getChange() && facts.st_uid != launch.getAccount().getUid());
  if (foreign || unchanged()) return nullptr;
  if (facts.st_ino != file.inode || facts.st_size < file.offset) {
    file.inode = facts.st_ino;
    file.offset = 0;
    file.scanner.reset();
  }
  size = facts.st_size;
  return kj::mv(fd);
}

void ProgressWatch::read(File& file, int64_t untilMs) {
  int64_t size = 0;
  KJ_IF_MAYBE (fd, open(file, size)) {
    if (size - file.offset > BACKLOG_BYTES) {
      file.offset = size - BACKLOG_BYTES;
      file.scanner.skip();
    }
    char piece[PIECE_BYTES];
    // No further than to what it was: one who writes faster than we read must not hold us.
    while (file.offset < size && steadyMs() < untilMs) {
      size_t wanted = size_t(std::min<int64_t>(size - file.offset, PIECE_BYTES));
      ssize_t n = pread(**fd, piece, wanted, file.offset);
      if (n <= 0) return;
      file.offset += n;
      take(file.scanner.feed({piece, size_t(n)}, *pattern));
    }
  }
}

void ProgressWatch::write(backend::Progress::Builder out) const {
  out.setSequence(sequence);
  if (latest.percent) out.setPercent(*latest.percent);
  if (latest.message) out.setMessage(latest.message->c_str());
}

}  // namespace maitred::local
