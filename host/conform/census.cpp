#include "census.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

#include <malloc.h>
#include <sys/prctl.h>
#include <unistd.h>

namespace maitred::host::conform {

namespace fs = std::filesystem;

namespace {

size_t entriesOf(const std::string& folder) {
  std::error_code error;
  size_t count = 0;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    ++count;
  }
  return count;
}

// State and parent of a process, from /proc/PID/stat; false if it is gone.
bool readStat(const fs::path& folder, char& state, pid_t& parent) {
  std::ifstream file(folder / "stat");
  std::string text;
  if (!std::getline(file, text)) return false;
  auto name = text.rfind(')');  // the name before it may hold anything
  return name != std::string::npos &&
         sscanf(text.c_str() + name + 1, " %c %d", &state, &parent) == 2;
}

size_t childrenOf(pid_t pid) {
  std::error_code error;
  size_t count = 0;
  for (fs::directory_iterator at("/proc", error), end; !error && at != end; at.increment(error)) {
    auto name = at->path().filename().string();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    char state = 'Z';
    pid_t parent = 0;
    // What has ended waits for nobody but its exit status to be read.
    if (readStat(at->path(), state, parent) && parent == pid && state != 'Z') ++count;
  }
  return count;
}

}  // namespace

Census takeCensus(pid_t pid) {
  std::string folder = "/proc/" + std::to_string(pid);
  Census census;
  census.descriptors = entriesOf(folder + "/fd");
  census.threads = entriesOf(folder + "/task");
  return census;
}

Census takeCensus() {
  auto census = takeCensus(getpid());
  census.bytes = mallinfo2().uordblks;
  census.processes = childrenOf(getpid());
  return census;
}

void adoptOrphans() {
  prctl(PR_SET_CHILD_SUBREAPER, 1);
}

int64_t growth(const std::vector<size_t>& series) {
  std::vector<int64_t> steps;
  for (size_t i = series.size() / 2 + 1; i < series.size(); ++i) {
    steps.push_back(static_cast<int64_t>(series[i]) - static_cast<int64_t>(series[i - 1]));
  }
  if (steps.empty()) return 0;
  auto middle = steps.begin() + static_cast<ptrdiff_t>(steps.size() / 2);
  std::nth_element(steps.begin(), middle, steps.end());
  return *middle;
}

}  // namespace maitred::host::conform
