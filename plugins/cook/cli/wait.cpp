// maitred cook wait: a progress bar on a terminal, lines elsewhere. Survives a restart of the host.
#include "command.h"
#include "job-view.h"

#include <unistd.h>

#include <iostream>

namespace maitred::cook::cli {
namespace {

struct Tally {
  size_t total = 0, running = 0, succeeded = 0, failed = 0;
  size_t ended() const { return succeeded + failed; }
  bool operator==(const Tally&) const = default;
};

Tally tallyOf(const json& jobs) {
  Tally tally;
  for (auto& one : jobs) {
    JobView job(one);
    ++tally.total;
    if (job.completed) {
      ++(job.succeeded ? tally.succeeded : tally.failed);
    } else if (job.state == "running") {
      ++tally.running;
    }
  }
  return tally;
}

class Progress {
 public:
  explicit Progress(bool quiet) : quiet(quiet), terminal(isatty(STDERR_FILENO)) {}

  void show(const Tally& tally) {
    if (quiet || tally == last) return;
    last = tally;
    std::string text = std::to_string(tally.ended()) + "/" + std::to_string(tally.total) +
                       " ended, " + std::to_string(tally.running) + " running";
    if (tally.failed > 0) text += ", " + std::to_string(tally.failed) + " failed";
    if (terminal) {
      size_t filled = tally.total > 0 ? tally.ended() * kWidth / tally.total : 0;
      std::cerr << "\r[" << std::string(filled, '#') << std::string(kWidth - filled, '.') << "] "
                << text << "\033[K" << std::flush;
    } else {
      std::cerr << text << "\n";
    }
  }

  void note(const std::string& text) {
    if (quiet) return;
    std::cerr << (terminal ? "\r\033[K" : "") << text << "\n";
    last = {};
  }

  void finish() {
    if (!quiet && terminal) std::cerr << "\n";
  }

 private:
  static constexpr size_t kWidth = 30;
  bool quiet;
  bool terminal;
  Tally last;
};

}  // namespace

int wait(CommandLine line) {
  Options options(
      "wait", "UUID…",
      "Waits until all jobs have ended; a host that restarts meanwhile is waited for. The exit "
      "code is 0 when all succeeded, 1 when one failed, 4 when the time is up.");
  options.add()("timeout,t", po::value<double>(),
                "seconds after which to give up; otherwise never")(
      "interval,i", po::value<double>()->default_value(0.5), "seconds between two looks")(
      "quiet,q", "no progress");
  if (!options.parse(line)) return 0;
  auto uuids = uuidsFrom(options);
  auto api = options.connect();
  auto seconds = [&](const char* name) {
    return static_cast<int64_t>(options.get<double>(name) * 1e6) * kj::MICROSECONDS;
  };
  auto deadline =
      api.timer().now() + (options.has("timeout") ? seconds("timeout") : 3650 * kj::DAYS);
  Progress progress(options.has("quiet") || options.json());
  kj::Function<void(bool)> notice = [&](bool away) {
    progress.note(away ? "the host does not answer; asking again …" : "the host is back");
  };
  for (;;) {
    json jobs = api.jobsPatiently(uuids, deadline, notice);
    Tally tally = tallyOf(jobs);
    progress.show(tally);
    if (tally.ended() == tally.total) {
      progress.finish();
      if (options.json()) std::cout << jobs.dump(2) << "\n";
      return static_cast<int>(tally.failed == 0 ? Exit::done : Exit::no);
    }
    if (api.timer().now() >= deadline) {
      progress.finish();
      throw Failure(Exit::timeout,
                    std::to_string(tally.total - tally.ended()) + " jobs have not ended yet");
    }
    api.pause(kj::min(seconds("interval"), deadline - api.timer().now()));
  }
}

}  // namespace maitred::cook::cli
