#pragma once
// KeyValues: the small durable space behind maitred.plugin.State, of one instance.
//
// One file a key, replaced by rename and synced, so that after a crash each key has its old or its
// new value. Files are written on the pool of maitred::offload, one at a time and in order; the
// values are also kept in memory. Loop thread only. The same folder may be opened again at once.

#include <kj/async.h>
#include <maitred/schema/plugin.capnp.h>
#include <maitred/work.h>

#include <atomic>
#include <map>
#include <memory>
#include <string>

namespace maitred::host {

class KeyValues {
 public:
  struct Entry {
    uint32_t slot;
    std::string value;
  };
  // What the folder holds.
  struct Content {
    std::map<std::string, Entry> entries;
    uint64_t highestFence = 0;

    void read(const std::string& folder, const std::string& name);
  };

  static constexpr size_t maxKey = 256, maxValue = 64 * 1024, maxKeys = 1000;

  // Reads what the folder holds, on the pool; makes the folder. Rejects if it cannot be read or a
  // file in it is damaged.
  static kj::Promise<kj::Own<KeyValues>> open(std::string folder);

  // The same at once: blocks for as long as reading takes, at most 64 MiB.
  explicit KeyValues(std::string folder);
  KeyValues(std::string folder, Content content);  // as contentOf() that folder
  ~KeyValues() noexcept(false);
  KJ_DISALLOW_COPY(KeyValues);

  const std::string* find(const std::string& key) const;  // what is durable
  // Resolve when durable; throw FAILED beyond a limit or with a fence lower than one seen before.
  // Both carry on when the promise is dropped, and end with this object: the promise rejects then.
  kj::Promise<void> put(uint64_t fence, std::string key, std::string value);
  kj::Promise<void> remove(uint64_t fence, std::string key);  // an unknown key is no fault

 private:
  static Content contentOf(const std::string& folder);
  static Content readAll(const std::string& folder);
  void raiseFence(uint64_t fence);
  uint32_t freeSlot() const;
  kj::Promise<void> inTurn(kj::Function<kj::Promise<void>()> work);

  std::string folder;
  std::map<std::string, Entry> entries;
  uint64_t highestFence = 0;
  std::shared_ptr<std::atomic<bool>> ended = std::make_shared<std::atomic<bool>>(false);
  kj::ForkedPromise<void> last;  // the write before the next one; never rejected
  OwnedWork writes;              // last, so that they end before what they use
};

// The capability; `values` outlives it.
plugin::State::Client makeState(KeyValues& values);

}  // namespace maitred::host
