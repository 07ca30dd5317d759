#pragma once
// KeyValues: the small durable space behind maitred.plugin.State, of one instance.
//
// One file a key, replaced by rename and synced, so that after a crash each key has its old or its
// new value. Files are written on the pool of maitred::offload, one at a time and in order; the
// values are also kept in memory. Loop thread only.

#include <kj/async.h>
#include <maitred/schema/plugin.capnp.h>

#include <map>
#include <string>

namespace maitred::host {

class KeyValues {
 public:
  static constexpr size_t maxKey = 256, maxValue = 64 * 1024, maxKeys = 1000;

  // Reads what the folder holds; makes the folder. Throws if it cannot be read or a file in it is
  // damaged. Blocks for as long as reading takes: at most 64 MiB.
  explicit KeyValues(std::string folder);
  KJ_DISALLOW_COPY(KeyValues);

  const std::string* find(const std::string& key) const;  // what is durable
  // Resolve when durable; throw FAILED beyond a limit or with a fence lower than one seen before.
  // Both carry on when the promise is dropped.
  kj::Promise<void> put(uint64_t fence, std::string key, std::string value);
  kj::Promise<void> remove(uint64_t fence, std::string key);  // an unknown key is no fault

 private:
  struct Entry {
    uint32_t slot;
    std::string value;
  };

  void read(const std::string& name);
  void raiseFence(uint64_t fence);
  uint32_t freeSlot() const;
  kj::Promise<void> inTurn(kj::Function<kj::Promise<void>()> work);

  std::string folder;
  std::map<std::string, Entry> entries;
  uint64_t highestFence = 0;
  kj::ForkedPromise<void> last;  // the write before the next one; never rejected
};

// The capability; `values` outlives it.
plugin::State::Client makeState(KeyValues& values);

}  // namespace maitred::host
