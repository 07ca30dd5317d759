#pragma once
// FlatIndex: an ordered map for keys that mostly come in ascending order, kept in sorted blocks: an
// entry costs little more than its own size, and a walk reads memory in order. A std::map costs 40
// bytes more for each entry and a cache miss for each step.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <vector>

namespace maitred::cook {

// Keys are unique. Any change invalidates iterators. Costs: O(log n + BLOCK) per change; the first
// entry of all goes at O(log n), as in a queue that is served from the front.
template <typename Key, typename Value>
class FlatIndex {
 public:
  struct Entry {
    Key first;
    Value second;
  };

  class const_iterator {
   public:
    using iterator_category = std::forward_iterator_tag;
    using value_type = Entry;
    using difference_type = std::ptrdiff_t;
    using pointer = const Entry*;
    using reference = const Entry&;

    const_iterator() = default;
    reference operator*() const { return index->blocks[block].entries[at]; }
    pointer operator->() const { return &**this; }
    const_iterator& operator++() {
      if (++at == index->blocks[block].entries.size()) at = index->firstIn(++block);
      return *this;
    }
    const_iterator operator++(int) {
      const_iterator before = *this;
      ++*this;
      return before;
    }
    bool operator==(const const_iterator& other) const {
      return block == other.block && at == other.at;
    }

   private:
    const FlatIndex* index = nullptr;
    std::size_t block = 0, at = 0;
    const_iterator(const FlatIndex* index, std::size_t block, std::size_t at)
        : index(index), block(block), at(at) {}
    friend class FlatIndex;
  };

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  const_iterator begin() const { return {this, 0, firstIn(0)}; }
  const_iterator end() const { return {this, blocks.size(), 0}; }
  // The last entry; there must be one.
  const Entry& back() const { return blocks.back().entries.back(); }

  // Calls each(entry), the last first, until it returns false.
  template <typename Each>
  void eachFromBack(Each&& each) const {
    for (auto block = blocks.rbegin(); block != blocks.rend(); ++block) {
      for (auto at = block->entries.end(); at != block->begin();) {
        if (!each(*--at)) return;
      }
    }
  }

  // The first whose key is not below, or is above.
  const_iterator lower_bound(const Key& key) const {
    return search(key, [](const Entry& one, const Key& wanted) { return one.first < wanted; });
  }
  const_iterator upper_bound(const Key& key) const {
    return search(key, [](const Entry& one, const Key& wanted) { return !(wanted < one.first); });
  }
  const_iterator find(const Key& key) const {
    const_iterator at = lower_bound(key);
    return at != end() && !(key < at->first) ? at : end();
  }

  // False: the key is there already, and nothing changes.
  bool insert(const Key& key, const Value& value) {
    if (blocks.empty() || blocks.back().entries.back().first < key) {
      append(key, value);
      return true;
    }
    Place place = placeOf(key);
    Block& block = blocks[place.block];
    if (place.at < block.entries.size() && !(key < block.entries[place.at].first)) return false;
    block.insert(place.at, Entry{key, value});
    ++size_;
    if (block.entries.size() - block.gone > BLOCK) split(place.block);
    return true;
  }

  // False: there is no such key.
  bool erase(const Key& key) {
    if (blocks.empty()) return false;
    Place place = placeOf(key);
    Block& block = blocks[place.block];
    if (place.at == block.entries.size() || key < block.entries[place.at].first) return false;
    block.erase(place.at);
    --size_;
    if (block.empty()) {
      blocks.erase(blocks.begin() + place.block);
    } else {
      block.first = block.begin()->first;
      if (block.entries.size() - block.gone < BLOCK / 4) merge(place.block);
    }
    return true;
  }

 private:
  static constexpr std::size_t BLOCK = 256;
  struct Block {
    Key first;  // of its entries
    std::vector<Entry> entries;
    std::uint32_t gone = 0;  // so many in front were erased; they give room to what comes there

    auto begin() const { return entries.begin() + gone; }
    auto begin() { return entries.begin() + gone; }
    bool empty() const { return entries.size() == gone; }
    // Moves the fewer of those before and behind the place.
    void insert(std::size_t at, const Entry& entry) {
      if (gone != 0 && at - gone < entries.size() - at) {
        std::move(begin(), entries.begin() + at, begin() - 1);
        --gone;
        entries[at - 1] = entry;
      } else {
        entries.insert(entries.begin() + at, entry);
      }
      first = begin()->first;
    }
    void erase(std::size_t at) {
      if (at - gone >= entries.size() - at) {
        entries.erase(entries.begin() + at);
        return;
      }
      std::move_backward(begin(), entries.begin() + at, entries.begin() + at + 1);
      if (++gone * 2 >= entries.size()) closeUp();
    }
    void closeUp() {
      entries.erase(entries.begin(), begin());
      gone = 0;
    }
  };
  struct Place {
    std::size_t block, at;
  };
  std::vector<Block> blocks;  // none is empty
  std::size_t size_ = 0;

  std::size_t firstIn(std::size_t block) const {
    return block == blocks.size() ? 0 : blocks[block].gone;
  }
  // The block that a key belongs to: the last that does not begin behind it.
  std::size_t blockOf(const Key& key) const {
    auto at = std::upper_bound(blocks.begin(), blocks.end(), key,
                               [](const Key& k, const Block& b) { return k < b.first; });
    return at == blocks.begin() ? 0 : at - blocks.begin() - 1;
  }
  template <typename Before>
  Place placeIn(std::size_t block, const Key& key, Before&& before) const {
    const Block& found = blocks[block];
    auto at = std::lower_bound(found.begin(), found.entries.end(), key, before);
    return {block, static_cast<std::size_t>(at - found.entries.begin())};
  }
  Place placeOf(const Key& key) const {
    return placeIn(blockOf(key), key, [](const Entry& e, const Key& k) { return e.first < k; });
  }
  template <typename Before>
  const_iterator search(const Key& key, Before&& before) const {
    if (blocks.empty()) return end();
    Place place = placeIn(blockOf(key), key, before);
    return place.at == blocks[place.block].entries.size()
               ? const_iterator(this, place.block + 1, firstIn(place.block + 1))
               : const_iterator(this, place.block, place.at);
  }

  void append(const Key& key, const Value& value) {
    if (blocks.empty() || blocks.back().entries.size() >= BLOCK) blocks.push_back({key, {}});
    auto& entries = blocks.back().entries;
    if (entries.size() == entries.capacity()) {
      entries.reserve(std::min(BLOCK, std::max<std::size_t>(4, entries.size() * 2)));
    }
    entries.push_back({key, value});
    ++size_;
  }
  void split(std::size_t block) {
    blocks[block].closeUp();
    auto& entries = blocks[block].entries;
    auto middle = entries.begin() + entries.size() / 2;
    std::vector<Entry> right(middle, entries.end());
    entries.erase(middle, entries.end());
    Key first = right.front().first;
    blocks.insert(blocks.begin() + block + 1, Block{first, std::move(right)});
  }
  // Joins a thin block with the one behind it, so that gaps do not pile up.
  void merge(std::size_t block) {
    if (block + 1 == blocks.size()) return;
    Block& left = blocks[block];
    Block& right = blocks[block + 1];
    std::size_t both = left.entries.size() - left.gone + right.entries.size() - right.gone;
    if (both > BLOCK / 2) return;
    left.closeUp();
    left.entries.insert(left.entries.end(), right.begin(), right.entries.end());
    blocks.erase(blocks.begin() + block + 1);
  }
};

}  // namespace maitred::cook
