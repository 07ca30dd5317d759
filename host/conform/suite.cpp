// The parent's side of the suite: a process for each check, at most so many at once.
#include "suite.h"

#include "trial.h"

#include "host/base/failure.h"
#include "host/runtime/spawn.h"

#include <maitred/async.h>

#include <kj/async-io.h>
#include <kj/debug.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <deque>
#include <filesystem>
#include <optional>
#include <set>

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

namespace maitred::host::conform {

namespace fs = std::filesystem;

namespace {

constexpr size_t keptOutput = 2000;

// Removed with all it holds.
class ScratchFolder {
 public:
  ScratchFolder() {
    std::string pattern = (fs::temp_directory_path() / "maitred-conform-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) fail("cannot make the folder ", pattern.c_str());
    path = pattern;
    // Plugins that run things under other accounts need to come through.
    fs::permissions(path, fs::perms(0711));
  }
  ~ScratchFolder() {
    std::error_code ignored;
    fs::remove_all(path, ignored);
  }
  KJ_DISALLOW_COPY(ScratchFolder);
  std::string path;
};

struct Pipe {
  kj::AutoCloseFd reader, writer;
};
Pipe makePipe() {
  int fds[2];
  KJ_SYSCALL(pipe2(fds, O_CLOEXEC));
  return {kj::AutoCloseFd(fds[0]), kj::AutoCloseFd(fds[1])};
}

ProcessOptions processOf(const SuiteOptions& options, const Check& check, Isolation isolation,
                         const std::string& scratch, const Pipe& report, const Pipe& output) {
  ProcessOptions process{options.executable, {}, output.writer, {report.writer}};
  process.arguments = {"maitred",     "plugins",
                       "conform-one", options.subject.library,
                       "--one",       check.name,
                       "--in",        nameOf(isolation),
                       "--scratch",   scratch,
                       "--seed",      std::to_string(options.seed),
                       "--patience",  std::to_string(options.patience / kj::MILLISECONDS)};
  auto add = [&](const char* name, const std::vector<std::string>& values) {
    for (const auto& value : values) {
      process.arguments.insert(process.arguments.end(), {name, value});
    }
  };
  if (!options.subject.config.empty()) add("--config", {options.subject.config});
  add("--plugin-path", options.subject.pluginPath);
  add("--policy-path", options.subject.policyPath);
  return process;
}

// One check under way.
class Running {
 public:
  Running(kj::AsyncIoContext& io, const SuiteOptions& options, const Check& check,
          Isolation isolation, const std::string& scratch)
      : Running(io, options, check, isolation, scratch, makePipe(), makePipe()) {}

  Async<Verdict> verdict() {
    auto reading = readReport().promise().exclusiveJoin(watch().promise());
    co_await reading;
    if (hung) ::kill(-child.pid(), SIGKILL);
    if (!found) {
      std::string how = co_await child.whenEnded();
      // The last output may still be on its way through the pipe.
      co_await reads.addBranch().exclusiveJoin(timer.afterDelay(200 * kj::MILLISECONDS));
      found = unfinished(how);
    }
    co_return *found;
  }

 private:
  Running(kj::AsyncIoContext& io, const SuiteOptions& options, const Check& check,
          Isolation isolation, const std::string& scratch, Pipe report, Pipe output)
      : timer(io.provider->getTimer()),
        // A check hears itself of a step that takes too long, unless its own loop stands still.
        stallLimit(options.patience * 2 + 5 * kj::SECONDS),
        isolation(isolation),
        child(processOf(options, check, isolation, scratch, report, output), io.unixEventPort),
        reportIn(io.lowLevelProvider->wrapInputFd(kj::mv(report.reader))),
        outputIn(io.lowLevelProvider->wrapInputFd(kj::mv(output.reader))),
        lastStep(timer.now()),
        reads(readOutput().promise().catch_([](kj::Exception&&) {}).fork()) {}

  Async<void> readReport() {
    char buffer[4096];
    std::string rest;
    while (!found) {
      size_t size = co_await reportIn->tryRead(buffer, 1, sizeof buffer);
      if (size == 0) break;
      rest.append(buffer, size);
      for (size_t end; (end = rest.find('\n')) != std::string::npos; rest.erase(0, end + 1)) {
        take(rest.substr(0, end));
      }
    }
  }

  void take(const std::string& line) {
    lastStep = timer.now();
    if (line.starts_with("step ")) step = line.substr(5);
    if (!line.starts_with("done ")) return;
    auto json = nlohmann::json::parse(line.substr(5));
    found = Verdict{static_cast<Result>(json["result"].get<int>()),
                    json["reason"].get<std::string>()};
  }

  Async<void> readOutput() {
    char buffer[4096];
    for (;;) {
      size_t size = co_await outputIn->tryRead(buffer, 1, sizeof buffer);
      if (size == 0) break;
      output.append(buffer, size);
      if (output.size() > keptOutput) output.erase(0, output.size() - keptOutput);
    }
  }

  Async<void> watch() {
    while (timer.now() - lastStep < stallLimit) {
      co_await timer.atTime(lastStep + stallLimit);
    }
    hung = true;
  }

  Verdict unfinished(const std::string& how) const {
    const char* who = isolation == Isolation::inlined ? "its host" : "the process of the check";
    std::string text = step + ": ";
    if (hung) {
      text += std::string(who) + " hangs: nothing has moved for " + shortTime(stallLimit);
    } else {
      text += std::string(who) + " ended (" + how + ")";
    }
    std::string said = output;
    while (!said.empty() && said.back() == '\n') said.pop_back();
    for (char& c : said) c = c == '\n' ? '|' : c;
    if (!said.empty()) text += "; it said: " + said;
    return {Result::failed, text};
  }

  kj::Timer& timer;
  const kj::Duration stallLimit;
  const Isolation isolation;
  ChildProcess child;
  kj::Own<kj::AsyncInputStream> reportIn, outputIn;
  std::string step = "starting the check", output;
  kj::TimePoint lastStep;
  std::optional<Verdict> found;
  bool hung = false;
  kj::ForkedPromise<void> reads;
};

// The allocator's caches of each thread count as memory in use and hide what leaks, so the
// processes of the checks go without them.
void countMemoryExactly() {
  constexpr const char* name = "GLIBC_TUNABLES";
  const char* former = getenv(name);
  std::string tunables = former == nullptr ? "" : std::string(former) + ":";
  setenv(name, (tunables + "glibc.malloc.tcache_count=0").c_str(), 1);
}

class Suite {
 public:
  Suite(const SuiteOptions& options, const std::function<void(const Outcome&)>& onOutcome)
      : options(options), onOutcome(onOutcome), io(kj::setupAsyncIo()) {
    for (const auto& check : checks()) {
      if (!isWanted(check)) continue;
      if (!check.isolated) outcomes.push_back({&check, Isolation::none, {}});
      for (auto isolation : options.isolations) {
        if (check.isolated) outcomes.push_back({&check, isolation, {}});
      }
    }
    known.resize(outcomes.size());
  }

  std::vector<Outcome> run() {
    // Those that say whether the others have anything to say come first.
    for (const char* name : {"note", "load", "start"}) {
      runThose([name](const Outcome& outcome) { return std::string(name) == outcome.check->name; });
    }
    runThose([](const Outcome&) { return true; });
    return std::move(outcomes);
  }

 private:
  bool isWanted(const Check& check) const {
    return options.only.empty() ||
           std::find(options.only.begin(), options.only.end(), check.name) != options.only.end();
  }

  void runThose(const std::function<bool(const Outcome&)>& wanted) {
    for (size_t i = 0; i < outcomes.size(); ++i) {
      if (!known[i] && wanted(outcomes[i])) waiting.push_back(i);
    }
    kj::Vector<kj::Promise<void>> workers;
    for (unsigned i = 0; i < std::max(1u, options.jobs); ++i) workers.add(work().promise());
    kj::joinPromises(workers.releaseAsArray()).wait(io.waitScope);
  }

  Async<void> work() {
    while (!waiting.empty()) {
      size_t index = waiting.front();
      waiting.pop_front();
      auto& outcome = outcomes[index];
      if (auto reason = obstacle(outcome); !reason.empty()) {
        outcome.verdict = {Result::notApplicable, reason};
      } else {
        auto began = io.provider->getTimer().now();
        std::string folder = scratch.path + "/" + std::to_string(index);
        fs::create_directory(folder);
        auto running =
            kj::heap<Running>(io, options, *outcome.check, outcome.isolation, folder);
        outcome.verdict = co_await running->verdict();
        outcome.took = io.provider->getTimer().now() - began;
      }
      note(index);
    }
  }

  // Why a check has nothing to say; empty if it has.
  std::string obstacle(const Outcome& outcome) const {
    if (refused && std::string(outcome.check->name) != "note") {
      return "the host does not take it, see `note`";
    }
    if (lifeless.count(outcome.isolation) != 0) return "it does not start, see `start`";
    return "";
  }

  void note(size_t index) {
    known[index] = true;
    const auto& outcome = outcomes[index];
    if (outcome.verdict.result == Result::failed) {
      refused = refused || std::string(outcome.check->name) == "note";
      if (std::string(outcome.check->name) == "start") lifeless.insert(outcome.isolation);
    }
    while (told < outcomes.size() && known[told]) onOutcome(outcomes[told++]);
  }

  const SuiteOptions& options;
  const std::function<void(const Outcome&)>& onOutcome;
  ScratchFolder scratch;
  kj::AsyncIoContext io;
  std::vector<Outcome> outcomes;
  std::vector<bool> known;
  size_t told = 0;
  std::deque<size_t> waiting;
  bool refused = false;
  std::set<Isolation> lifeless;
};

}  // namespace

std::vector<Outcome> runSuite(const SuiteOptions& options,
                              const std::function<void(const Outcome&)>& onOutcome) {
  countMemoryExactly();
  return Suite(options, onOutcome).run();
}

}  // namespace maitred::host::conform
