#pragma once
// Processes without KJ's child capture, which would reap children that are not its own.

#include <kj/async-unix.h>
#include <kj/io.h>

#include <string>
#include <vector>

namespace maitred::host {

struct ProcessOptions {
  std::string executable;
  std::vector<std::string> arguments;  // argv, argv[0] included
  int output;                          // becomes stdout and stderr
  std::vector<int> descriptors;        // become 3, 4, 5, …
};

// A child process: in a process group of its own, with an empty signal mask and default handlers,
// nothing open but what was given, standard input empty; dies with the thread that started it.
class ChildProcess {
 public:
  // Throws if it cannot be forked. If the executable does not start, it exits with code 127.
  ChildProcess(const ProcessOptions& options, kj::UnixEventPort& events);
  // Kills it if it still runs; it is reaped when it has ended, without waiting here.
  ~ChildProcess() noexcept(false);
  KJ_DISALLOW_COPY(ChildProcess);

  pid_t pid() const { return processId; }
  // Resolves when it has ended and was reaped, with the words of describeExit(). Call it once.
  kj::Promise<std::string> whenEnded();
  // To the process alone, without a race against its end; does nothing afterwards.
  void signal(int number);
  uint64_t residentBytes() const;  // 0 if it has ended

 private:
  pid_t processId;
  kj::AutoCloseFd pidfd;
  kj::UnixEventPort::FdObserver observer;
  bool reaped = false;
  kj::Maybe<std::string> reap();
};

}  // namespace maitred::host
