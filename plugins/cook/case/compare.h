#pragma once
// Whether a cycle that was decided anew came out as it was recorded, and if not, what differs
// first.

#include "replica.h"

#include <optional>
#include <string>

namespace maitred::cook {

struct Differing {
  std::string recorded, replayed;  // in words
};

// Everything, bit for bit; but for the ids of tasks, which are handed out and not decided. Nothing:
// they agree.
std::optional<Differing> difference(const Replica& replica, casefile::Cycle::Reader recorded,
                                    const CycleResult& replayed);
// Which jobs were started and where, and nothing else.
std::optional<Differing> differenceOfStarts(const Replica& replica,
                                            casefile::Cycle::Reader recorded,
                                            const CycleResult& replayed);

}  // namespace maitred::cook
