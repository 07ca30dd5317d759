#pragma once
// Values that are brought in step by step: each for a portion of the jobs, which are told apart by
// their uuids, so that a job always gets the same one.

#include "uuid.h"

#include <string>
#include <vector>

namespace maitred::cook {

struct IncrementalValue {
  std::string value;
  double portion = 0;  // 0..1
  std::string comment;
  bool operator==(const IncrementalValue&) const = default;
};

// Where the job stands between 0 and 1.
double portionOf(const Uuid& job);
// The first value up to whose portion, added to those before it, the job stands; null: none.
const IncrementalValue* valueFor(const Uuid& job, const std::vector<IncrementalValue>& values);

}  // namespace maitred::cook
