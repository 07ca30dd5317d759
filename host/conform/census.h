#pragma once
// Census: what a process has open, runs and holds; for comparing before and after.

#include <cstdint>
#include <string>
#include <vector>

#include <sys/types.h>

namespace maitred::host::conform {

struct Census {
  size_t descriptors = 0;
  size_t threads = 0;
  size_t bytes = 0;      // handed out by malloc; of this process only, 0 under a sanitizer
  size_t processes = 0;  // that live below this one; of this process only
};

Census takeCensus();           // of this process
Census takeCensus(pid_t pid);  // descriptors and threads of another; zeros if it is gone

// Orphans of processes below this one become its children from now on, so that they are counted.
void adoptOrphans();

// The median growth from one to the next, over the second half of a series.
int64_t growth(const std::vector<size_t>& series);

}  // namespace maitred::host::conform
