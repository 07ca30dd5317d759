#pragma once
// UuidTable: a hash table whose slots know their own id. Open addressing: a slot costs a third more
// than itself, where a std::unordered_map's node costs 40 bytes more. It is cut into shards, which
// grow one by one, so that no insertion among a million pays for moving them all.

#include "uuid.h"

#include <array>
#include <cstddef>
#include <utility>
#include <vector>

namespace maitred::cook {

// Slot: movable; id() of one that is not empty(); a default-constructed one is empty.
template <typename Slot>
class UuidTable {
 public:
  std::size_t size() const { return size_; }

  // Null: there is none of that id. Any change invalidates what it points to.
  const Slot* find(const Uuid& id) const {
    const Shard& shard = shards[shardOf(id)];
    if (shard.slots.empty()) return nullptr;
    std::size_t at = shard.place(id);
    return shard.slots[at].empty() ? nullptr : &shard.slots[at];
  }
  bool contains(const Uuid& id) const { return find(id) != nullptr; }

  // False: the id is taken, and the slot is dropped.
  bool insert(Slot slot) {
    Shard& shard = shards[shardOf(slot.id())];
    if (shard.used + 1 > shard.slots.size() / 4 * 3) shard.grow();
    std::size_t at = shard.place(slot.id());
    if (!shard.slots[at].empty()) return false;
    shard.slots[at] = std::move(slot);
    ++shard.used;
    ++size_;
    return true;
  }

  bool erase(const Uuid& id) {
    Shard& shard = shards[shardOf(id)];
    if (shard.slots.empty()) return false;
    std::size_t hole = shard.place(id);
    if (shard.slots[hole].empty()) return false;
    shard.slots[hole] = Slot();
    --shard.used;
    --size_;
    shard.closeUp(hole);
    return true;
  }

  // Calls each(slot), in no particular order.
  template <typename Each>
  void each(Each&& each) const {
    for (const Shard& shard : shards) {
      for (const Slot& slot : shard.slots) {
        if (!slot.empty()) each(slot);
      }
    }
  }

 private:
  static constexpr std::size_t SHARDS = 64;

  // Clients choose ids: all bits decide, so that a pattern in them does not make long chains.
  static std::uint64_t hash(const Uuid& id) {
    std::uint64_t x = id.high ^ (id.low * 0x9e3779b97f4a7c15ull);
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
    return x ^ (x >> 31);
  }
  static std::size_t shardOf(const Uuid& id) { return hash(id) >> 58; }

  struct Shard {
    std::vector<Slot> slots;  // a power of two of them
    std::size_t used = 0;

    // Where the id is, or the empty slot where it would be.
    std::size_t place(const Uuid& id) const {
      std::size_t mask = slots.size() - 1;
      std::size_t at = hash(id) & mask;
      while (!slots[at].empty() && !(slots[at].id() == id)) at = (at + 1) & mask;
      return at;
    }
    void grow() {
      std::vector<Slot> old(slots.empty() ? 8 : slots.size() * 2);
      old.swap(slots);
      for (Slot& slot : old) {
        if (slot.empty()) continue;
        std::size_t at = place(slot.id());
        slots[at] = std::move(slot);
      }
    }
    // Moves up what stands behind a hole only because its own place was taken.
    void closeUp(std::size_t hole) {
      std::size_t mask = slots.size() - 1;
      for (std::size_t at = (hole + 1) & mask; !slots[at].empty(); at = (at + 1) & mask) {
        std::size_t home = hash(slots[at].id()) & mask;
        if (((at - home) & mask) < ((at - hole) & mask)) continue;
        slots[hole] = std::move(slots[at]);
        slots[at] = Slot();
        hole = at;
      }
    }
  };
  static_assert(SHARDS == 64, "as many as six bits tell apart");
  std::array<Shard, SHARDS> shards;
  std::size_t size_ = 0;
};

}  // namespace maitred::cook
