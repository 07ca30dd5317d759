#pragma once
// How far a task says it is: looked for from time to time in its stdout, its stderr and the file
// that it may have for that.

#include "core/progress-scanner.h"
#include "sandbox-setup.h"

namespace maitred::local {

// Reads with the host's rights, so only plain files of the task's own account are read, and through
// no link. However much a task writes and whatever its pattern is, the reading takes at most one
// part in twenty of the time, and what is too far behind is left out.
class ProgressWatch {
 public:
  // The launch has a rule for progress. Both stay the caller's.
  ProgressWatch(Launch::Reader launch, const Folders& folders, int64_t nowMs);

  // When something is due, in steadyMs().
  int64_t dueAt() const;
  // Reads on, if it is time to. True: there is something to tell now; told() or later() follows.
  bool tick(int64_t nowMs);
  void told(int64_t nowMs);
  // It could not be told now.
  void later(int64_t atMs) { tellFrom = atMs; }
  // Reads the rest: nobody writes any more.
  void finish(int64_t nowMs);

  // Whether there was any report.
  bool any() const { return sequence > 0; }
  void write(backend::Progress::Builder out) const;

 private:
  struct File {
    std::string path;  // below the sandbox
    uint64_t inode = 0;
    int64_t offset = 0;
    ProgressScanner scanner;
  };
  void readAll(int64_t untilMs, bool over);
  void read(File& file, int64_t untilMs);
  kj::Maybe<kj::Own<kj::AutoCloseFd>> open(File& file, int64_t& size);
  void take(std::optional<ProgressReport> report);
  const ProgressPattern& compiled();
  void addFile(std::string path);

  Launch::Reader launch;
  backend::ProgressRule::Reader rule;
  const Folders& folders;
  std::vector<File> files;
  std::optional<ProgressPattern> pattern;  // compiled when there is something to read
  int64_t pause, readAt, tellFrom = 0;     // ms
  ProgressReport latest;
  uint64_t sequence = 0;
  bool untold = false;
};

}  // namespace maitred::local
