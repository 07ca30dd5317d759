#pragma once
// FlatIndex: an ordered map for keys that mostly come in ascending order, kept in sorted blocks: an
// entry costs little more than its own size, and a walk reads memory in order. A std::map costs 40
// bytes more for each entry and a cache miss for each step.

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <vector>

namespace maitred::cook {

// Keys are unique. Any change invalidates iterators. Costs: O(log n + BLOCK) per change.
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
      if (++at == index->blocks[block].entries.size()) {
        ++block;
        at = 0;
      }
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
  const_iterator begin() const { return {this, 0, 0}; }
  const_iterator end() const { return {this, blocks.size(), 0}; }
  // The last entry; there must be one.
  const Entry& back() const { return blocks.back().entries.back(); }

  // Calls each(entry), the last first, until it returns false.
  template <typename Each>
  void eachFromBack(Each&& each) const {
    for (auto block = blocks.rbegin(); block != blocks.rend(); ++block) {
      for (auto at = block->entries.rbegin(); at != block->entries.rend(); ++at) {
        if (!each(*at)) return;
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
    auto& entries = blocks[place.block].entries;
    if (place.at < entries.size() && !(key < entries[place.at].first)) return false;
    entries.insert(entries.begin() + place.at, Entry{key, value});
    blocks[place.block].first = entries.front().first;
    ++size_;
    if (entries.size() > BLOCK) split(place.block);
    return true;
  }

  // False: there is no such key.
  bool erase(const Key& key) {
    if (blocks.empty()) return false;
    Place place = placeOf(key);
    auto& entries = blocks[place.block].entries;
    if (place.at == entries.size() || key < entries[place.at].first) return false;
    entries.erase(entries.begin() + place.at);
    --size_;
    if (entries.empty()) {
      blocks.erase(blocks.begin() + place.block);
    } else {
      blocks[place.block].first = entries.front().first;
      if (entries.size() < BLOCK / 4) merge(place.block);
    }
    return true;
  }

 private:
  static constexpr std::size_t BLOCK = 256;
  struct Block {
    Key first;  // of its entries
    std::vector<Entry> entries;
  };
  struct Place {
    std::size_t block, at;
  };
  std::vector<Block> blocks;  // none is empty
  std::size_t size_ = 0;

  // The block that a key belongs to: the last that does not begin behind it.
  std::size_t blockOf(const Key& key) const {
    auto at = std::upper_bound(blocks.begin(), blocks.end(), key,
                               [](const Key& k, const Block& b) { return k < b.first; });
    return at == blocks.begin() ? 0 : at - blocks.begin() - 1;
  }
  Place placeOf(const Key& key) const {
    std::size_t block = blockOf(key);
    const auto& entries = blocks[block].entries;
    auto at = std::lower_bound(entries.begin(), entries.end(), key,
                               [](const Entry& e, const Key& k) { return e.first < k; });
    return {block, static_cast<std::size_t>(at - entries.begin())};
  }
  template <typename Before>
  const_iterator search(const Key& key, Before&& before) const {
    if (blocks.empty()) return end();
    std::size_t block = blockOf(key);
    const auto& entries = blocks[block].entries;
    std::size_t at =
        std::lower_bound(entries.begin(), entries.end(), key, before) - entries.begin();
    return at == entries.size() ? const_iterator(this, block + 1, 0)
                                : const_iterator(this, block, at);
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
    auto& left = blocks[block].entries;
    auto& right = blocks[block + 1].entries;
    if (left.size() + right.size() > BLOCK / 2) return;
    left.insert(left.end(), right.begin(), right.end());
    blocks.erase(blocks.begin() + block + 1);
  }
};

}  // namespace maitred::cook
