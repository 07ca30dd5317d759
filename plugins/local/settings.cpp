#include "settings.h"

#include <sched.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace maitred::local {

backend::Amounts machineCapacity(const std::string& folder) {
  backend::Amounts amounts;
  cpu_set_t set;
  // Those that we may use, which a container may have cut.
  long cpus = sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set)
                                                           : sysconf(_SC_NPROCESSORS_ONLN);
  amounts.cpuMillis = uint64_t(cpus) * 1000;
  amounts.memoryBytes = uint64_t(sysconf(_SC_PHYS_PAGES)) * uint64_t(sysconf(_SC_PAGESIZE));
  std::string existing = folder;
  struct statvfs facts;
  while (statvfs(existing.empty() ? "/" : existing.c_str(), &facts) != 0 && !existing.empty()) {
    existing.resize(existing.rfind('/') == std::string::npos ? 0 : existing.rfind('/'));
  }
  amounts.diskBytes = uint64_t(facts.f_blocks) * facts.f_frsize;
  return amounts;
}

std::string machineName() {
  char name[256] = "";
  gethostname(name, sizeof(name) - 1);
  return name[0] != 0 ? name : "localhost";
}

}  // namespace maitred::local
