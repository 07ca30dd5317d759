#include "incremental.h"

#include <cstdlib>

namespace maitred::cook {
namespace {

constexpr double HASH_MOST = 2147483647;

// As Java hashes a UUID: clients and tools of Cook's reckon with it.
std::int32_t hashOf(const Uuid& id) {
  std::uint64_t both = id.high ^ id.low;
  return static_cast<std::int32_t>(static_cast<std::uint32_t>(both >> 32 ^ both));
}

}  // namespace

double portionOf(const Uuid& job) {
  // One hash has no positive counterpart in Java; it comes first there.
  std::int64_t hash = hashOf(job);
  return hash == INT32_MIN ? 0 : static_cast<double>(std::abs(hash)) / HASH_MOST;
}

const IncrementalValue* valueFor(const Uuid& job, const std::vector<IncrementalValue>& values) {
  double place = portionOf(job), sum = 0;
  for (const IncrementalValue& one : values) {
    sum += one.portion;
    if (sum >= place) return &one;
  }
  return nullptr;
}

}  // namespace maitred::cook
