#pragma once
// The folder with all records and sandboxes of this instance, its locks, and what an earlier life
// left in it. All calls block: not on a busy loop.

#include "task-facts.h"

#include <kj/io.h>

#include <memory>

namespace maitred::local {

// A task found on disk.
struct FoundTask {
  TaskFacts facts;
  bool damaged = false;   // a folder without a readable record: nothing can be said of it
  bool recorded = true;   // false: there is no record at all, so its command was never started
  bool reported = false;  // its consumer has the end
  std::optional<EndFactsOnDisk> end;
  std::shared_ptr<kj::AutoCloseFd> shim;  // a pidfd, if the shim lives
};

class WorkFolder {
 public:
  // Makes it if needed and takes its lock. Throws FAILED when another instance holds it or it
  // cannot be used.
  explicit WorkFolder(std::string path);

  const std::string& path() const { return root; }
  int fd() const { return folder; }

  // The first folder above it that other accounts may not pass through; empty if all let them.
  std::string closedFolder() const;

  // A descriptor for a new spawner, inherited by its shims until each has written its record.
  kj::AutoCloseFd openStarting() const;
  // Waits until no spawner or shim of an earlier life is about to write a first record; false at
  // the deadline.
  bool waitForStarting(int64_t timeoutMs) const;
  // Marks the new spawner as one that may start tasks.
  static void holdStarting(int fd);

  std::vector<FoundTask> scan() const;
  FoundTask look(const backend::TaskKey& key) const;

  void markReported(const backend::TaskKey& key) const;
  // Why it could not be removed, or not all of it; empty if it is gone.
  std::string remove(const backend::TaskKey& key) const;
  uint64_t sizeOf(const backend::TaskKey& key) const;  // of the sandbox, bytes on disk
  // Why nothing can be written here at present; empty if it can.
  std::string fault() const;

 private:
  std::string taskPath(const backend::TaskKey& key) const;
  std::string root;
  kj::AutoCloseFd folder, lock;
};

// A pidfd of that very process, if it lives (a zombie does not).
std::shared_ptr<kj::AutoCloseFd> openProcess(int32_t pid, uint64_t start);
// Queues a real-time signal with a value. False if the process is gone.
bool signalProcess(int pidfd, int number, int value);

}  // namespace maitred::local
