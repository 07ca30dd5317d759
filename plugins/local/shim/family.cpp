#include "family.h"

#include "posix.h"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <string>

#include <dirent.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace maitred::local {

namespace {

void appendChildrenOf(pid_t pid, std::vector<pid_t>& out) {
  std::string tasks = "/proc/" + std::to_string(pid) + "/task";
  DIR* folder = opendir(tasks.c_str());
  if (folder == nullptr) return;
  while (dirent* entry = readdir(folder)) {
    if (entry->d_name[0] == '.') continue;
    auto list = readSmallFile(AT_FDCWD, (tasks + "/" + entry->d_name + "/children").c_str());
    if (!list) continue;
    for (const char* p = list->c_str(); *p != 0;) {
      char* end;
      long child = strtol(p, &end, 10);
      if (end == p) break;
      out.push_back(pid_t(child));
      p = end + strspn(end, " ");
    }
  }
  closedir(folder);
}

bool isZombie(pid_t pid) {
  auto stat = readSmallFile(AT_FDCWD, ("/proc/" + std::to_string(pid) + "/stat").c_str());
  if (!stat) return true;
  size_t at = stat->rfind(") ");
  return at == std::string::npos || (*stat)[at + 2] == 'Z';
}

}  // namespace

void becomeReaper() {
  prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
}

std::vector<pid_t> descendants() {
  std::vector<pid_t> found;
  appendChildrenOf(getpid(), found);
  for (size_t i = 0; i < found.size() && found.size() < 100'000; ++i) {
    appendChildrenOf(found[i], found);
  }
  std::erase_if(found, isZombie);
  return found;
}

uint64_t privateMemory(const std::vector<pid_t>& processes) {
  static const uint64_t page = uint64_t(sysconf(_SC_PAGESIZE));
  uint64_t pages = 0;
  for (pid_t pid : processes) {
    auto text = readSmallFile(AT_FDCWD, ("/proc/" + std::to_string(pid) + "/statm").c_str());
    unsigned long long size = 0, resident = 0, shared = 0;
    if (text && sscanf(text->c_str(), "%llu %llu %llu", &size, &resident, &shared) == 3 &&
        resident > shared) {
      pages += resident - shared;
    }
  }
  return pages * page;
}

bool killFamily(pid_t group, int64_t timeoutMs) {
  if (group > 1) kill(-group, SIGKILL);
  int64_t end = steadyMs() + timeoutMs;
  for (;;) {
    pid_t reaped;
    while ((reaped = waitpid(-1, nullptr, WNOHANG)) > 0) {
    }
    if (reaped < 0 && errno == ECHILD) return true;
    if (steadyMs() > end) return false;
    auto living = descendants();
    // Stopped first, so that none can fork while the others are being killed.
    if (living.size() > 1) {
      for (pid_t pid : living) kill(pid, SIGSTOP);
    }
    for (pid_t pid : living) kill(pid, SIGKILL);
    usleep(living.empty() ? 500 : 200);
  }
}

}  // namespace maitred::local
