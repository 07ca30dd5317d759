#pragma once
// The nodes of one pool that have room, the fullest first, in blocks that know the most room of any
// of theirs: a search passes by many nodes that are too full at the price of one.

#include "amount.h"

#include <cstddef>
#include <vector>

namespace maitred::cook {

class Node;

class OpenNodes {
 public:
  struct Entry {
    double fullness;       // 0..1
    std::uint64_t number;  // of the node, unique: the smaller first where fullness is equal
    Amount free;
    Node* node;
  };

  void insert(const Entry& entry);
  void erase(double fullness, std::uint64_t number);
  std::size_t size() const { return size_; }

  // Calls each(entry) where `wanted` fits, the fullest first, until it returns false.
  template <typename Each>
  void eachFitting(const Amount& wanted, Each&& each) const {
    for (const Block& block : blocks) {
      if (!wanted.fitsIn(block.most)) continue;
      for (const Entry& entry : block.entries) {
        if (wanted.fitsIn(entry.free) && !each(entry)) return;
      }
    }
  }

 private:
  static constexpr std::size_t BLOCK = 64;
  struct Block {
    Amount most;  // of each kind, the most that any of them has free
    std::vector<Entry> entries;
  };
  std::vector<Block> blocks;  // none is empty
  std::size_t size_ = 0;

  std::size_t blockOf(double fullness, std::uint64_t number) const;
  static void measure(Block& block);
};

}  // namespace maitred::cook
