#include "process-facts.h"

#include <kj/debug.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace maitred::e2e {

namespace fs = std::filesystem;

namespace {

size_t statusField(const std::string& folder, const std::string& name) {
  std::ifstream file(folder + "/status");
  std::string line;
  while (std::getline(file, line)) {
    if (line.rfind(name + ":", 0) == 0) return std::stoul(line.substr(name.size() + 1));
  }
  return 0;
}

// "socket:[123]" and "/tmp/x-123" become "socket" and "/tmp/x-N", so that counts can be compared.
std::string kindOf(std::string target) {
  if (auto bracket = target.find(":["); bracket != target.npos) return target.substr(0, bracket);
  return target;
}

}  // namespace

ProcessFacts factsOf(pid_t process) {
  std::string folder = "/proc/" + std::to_string(process);
  ProcessFacts facts;
  std::error_code error;
  for (auto& entry : fs::directory_iterator(folder + "/fd", error)) {
    std::error_code gone;
    auto target = fs::read_symlink(entry.path(), gone);
    if (gone) continue;  // closed just now
    ++facts.descriptors;
    ++facts.open[kindOf(target.string())];
  }
  KJ_REQUIRE(!error, "no such process", process, error.message().c_str());
  facts.threads = statusField(folder, "Threads");
  facts.memoryKib = statusField(folder, "RssAnon");
  return facts;
}

std::vector<pid_t> descendantsOf(pid_t process) {
  std::map<pid_t, std::vector<pid_t>> children;
  for (auto& entry : fs::directory_iterator("/proc")) {
    auto name = entry.path().filename().string();
    if (name.find_first_not_of("0123456789") != name.npos) continue;
    size_t parent = statusField(entry.path().string(), "PPid");
    children[static_cast<pid_t>(parent)].push_back(static_cast<pid_t>(std::stol(name)));
  }
  std::vector<pid_t> found = children[process];
  for (size_t i = 0; i < found.size(); ++i) {
    auto& more = children[found[i]];
    found.insert(found.end(), more.begin(), more.end());
  }
  return found;
}

}  // namespace maitred::e2e
