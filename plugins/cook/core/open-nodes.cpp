#include "open-nodes.h"

#include <algorithm>

namespace maitred::cook {
namespace {

bool before(double fullness, std::uint64_t number, const OpenNodes::Entry& entry) {
  return fullness != entry.fullness ? fullness > entry.fullness : number < entry.number;
}

bool isBefore(const OpenNodes::Entry& entry, double fullness, std::uint64_t number) {
  return fullness != entry.fullness ? entry.fullness > fullness : entry.number < number;
}

}  // namespace

void OpenNodes::measure(Block& block) {
  block.most = block.entries.front().free;
  for (const Entry& entry : block.entries) block.most.raiseTo(entry.free);
}

// The last block that does not begin behind the place.
std::size_t OpenNodes::blockOf(double fullness, std::uint64_t number) const {
  auto at = std::upper_bound(blocks.begin(), blocks.end(), number,
                             [&](std::uint64_t wanted, const Block& block) {
                               return before(fullness, wanted, block.entries.front());
                             });
  return at == blocks.begin() ? 0 : at - blocks.begin() - 1;
}

void OpenNodes::insert(const Entry& entry) {
  ++size_;
  if (blocks.empty()) {
    blocks.push_back({entry.free, {entry}});
    return;
  }
  std::size_t which = blockOf(entry.fullness, entry.number);
  Block& block = blocks[which];
  auto at = std::upper_bound(block.entries.begin(), block.entries.end(), entry,
                             [](const Entry& wanted, const Entry& one) {
                               return before(wanted.fullness, wanted.number, one);
                             });
  block.entries.insert(at, entry);
  block.most.raiseTo(entry.free);
  if (block.entries.size() <= BLOCK) return;
  auto middle = block.entries.begin() + BLOCK / 2;
  Block right{{}, {middle, block.entries.end()}};
  block.entries.erase(middle, block.entries.end());
  measure(block);
  measure(right);
  blocks.insert(blocks.begin() + which + 1, std::move(right));
}

void OpenNodes::erase(double fullness, std::uint64_t number) {
  if (blocks.empty()) return;
  std::size_t which = blockOf(fullness, number);
  Block& block = blocks[which];
  auto at = std::lower_bound(
      block.entries.begin(), block.entries.end(), number,
      [&](const Entry& one, std::uint64_t wanted) { return isBefore(one, fullness, wanted); });
  if (at == block.entries.end() || at->number != number) return;
  --size_;
  bool bound = at->free.touches(block.most);
  block.entries.erase(at);
  if (block.entries.empty()) {
    blocks.erase(blocks.begin() + which);
    return;
  }
  if (bound) measure(block);
  if (which + 1 == blocks.size()) return;
  Block& next = blocks[which + 1];
  if (block.entries.size() + next.entries.size() > BLOCK / 2) return;
  block.entries.insert(block.entries.end(), next.entries.begin(), next.entries.end());
  block.most.raiseTo(next.most);
  blocks.erase(blocks.begin() + which + 1);
}

}  // namespace maitred::cook
