#include "pools.h"

#include <algorithm>
#include <set>
#include <stdexcept>

namespace maitred::cook {
namespace {

constexpr std::int64_t TARGET_PER_POOL_MS = 3000;
constexpr std::int64_t LEAST_INTERVAL_MS = 100;

}  // namespace

Pools::Pools(Pool nameless) : pools({std::move(nameless)}) {}

Pools::Pools(std::vector<Pool> list, std::string defaultPool, std::map<std::string, Quota> groups)
    : pools(std::move(list)), defaultPool_(std::move(defaultPool)), groups(std::move(groups)) {
  std::set<std::string_view> names;
  for (const Pool& pool : pools) {
    if (pool.name.empty()) throw std::invalid_argument("a pool has no name");
    if (!names.insert(pool.name).second) {
      throw std::invalid_argument("pool " + pool.name + " is given twice");
    }
  }
  if (!names.contains(defaultPool_)) {
    throw std::invalid_argument("the default pool '" + defaultPool_ +
                                "' is not among the pools: name one of them");
  }
}

const Pool* Pools::find(std::string_view name) const {
  auto at =
      std::find_if(pools.begin(), pools.end(), [&](const Pool& one) { return one.name == name; });
  return at == pools.end() ? nullptr : &*at;
}

const std::string& Pools::ofNode(const std::string& told) const {
  if (pools.size() == 1) return pools.front().name;
  return resolve(told);
}

const Quota* Pools::groupQuota(const Pool& pool) const {
  if (pool.quotaGroup.empty()) return nullptr;
  auto at = groups.find(pool.quotaGroup);
  return at == groups.end() ? nullptr : &at->second;
}

std::vector<const Pool*> Pools::groupOf(const Pool& pool) const {
  std::vector<const Pool*> members;
  for (const Pool& one : pools) {
    if (&one == &pool || (!pool.quotaGroup.empty() && one.quotaGroup == pool.quotaGroup)) {
      members.push_back(&one);
    }
  }
  return members;
}

std::int64_t matchIntervalMs(std::size_t pools) {
  auto count = static_cast<std::int64_t>(std::max<std::size_t>(1, pools));
  return std::max(LEAST_INTERVAL_MS, TARGET_PER_POOL_MS / count);
}

}  // namespace maitred::cook
