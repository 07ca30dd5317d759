#pragma once
// The question `policy-inputs` to the queue (`maitred ctl ask cook policy-inputs`): its input and
// its answer, which is a snapshot as JSON.

#include "snapshot.h"

namespace maitred::cook {

struct SnapshotRequest {
  const Pool* pool;
  SnapshotLimits limits;
};

// Of a JSON object, all of whose fields may be left away: {"pool": "batch", "jobs": 500}; or an
// empty text. Throws SnapshotError with a sentence about what is wrong.
SnapshotRequest snapshotRequest(const std::string& input, const Pools& pools);

// At most `most` bytes: of what is too much the rear of each list is left out, and the snapshot's
// totals tell so.
std::string snapshotAnswer(Snapshot snapshot, std::size_t most = 1'000'000);

}  // namespace maitred::cook
