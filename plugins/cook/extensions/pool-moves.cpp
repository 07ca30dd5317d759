#include "pool-moves.h"

namespace maitred::cook {
namespace {

// Every bit of the input changes about half of those of the output.
std::uint64_t mixed(std::uint64_t x) {
  x = (x ^ (x >> 33)) * 0xff51afd7ed558ccdull;
  x = (x ^ (x >> 33)) * 0xc4ceb9fe1a85ec53ull;
  return x ^ (x >> 33);
}

}  // namespace

double placeOf(const Uuid& job) {
  std::uint64_t hash = mixed(mixed(job.high) + 0x9e3779b97f4a7c15ull + job.low);
  return static_cast<double>(hash >> 11) * 0x1p-53;
}

bool moves(const Uuid& job, const PoolMove& move) {
  // Not a number is not above anything.
  return !move.to.empty() && move.portion > placeOf(job);
}

}  // namespace maitred::cook
