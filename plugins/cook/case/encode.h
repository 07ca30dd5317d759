#pragma once
// From the core's state to the records of case.capnp. Whatever decisions come to depend on is
// written here; the functions name every field of what they write, so that a new one does not
// compile until somebody has thought of it.

#include <core/cycle.h>
#include <policy/tables.h>

#include <case.capnp.h>

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace maitred::cook {

// The numbers of one file's texts; see Record.texts.
class TextNumbers {
 public:
  std::uint32_t of(std::string_view text);
  // Those that were named for the first time since the last call, in the order of their numbers.
  std::vector<std::string> takeFresh() { return std::move(fresh); }
  void clear();

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>()(text);
    }
  };
  std::unordered_map<std::string, std::uint32_t, Hash, std::equal_to<>> numbers;
  std::vector<std::string> fresh;
};

void write(const Uuid& id, casefile::Id::Builder to);
void write(const Amount& amount, casefile::Amount::Builder to);
// A job that waits or has a live instance.
void write(const Book& book, const Job& job, TextNumbers& texts, casefile::Job::Builder to);
void write(const Node& node, TextNumbers& texts, casefile::Node::Builder to);
void writeRoom(const Node& node, TextNumbers& texts, casefile::Room::Builder to);
void write(const Reservations& all, TextNumbers& texts, casefile::Reservations::Builder to);
void write(const Pools& pools, TextNumbers& texts, casefile::Pools::Builder to);
void write(std::string_view user, const ShareEntry& entry, TextNumbers& texts,
           casefile::Share::Builder to);
void write(std::string_view user, const QuotaEntry& entry, TextNumbers& texts,
           casefile::Quota::Builder to);
void write(const PoolRanking& ranking, TextNumbers& texts, casefile::Turns::Builder to);
void write(const HeadRule::State& state, casefile::HeadRule::Builder to);
void write(const PolicyClock& clock, casefile::Cycle::Builder to);
// Options, pool and time.
void write(const CycleOptions& options, std::int64_t nowMs, TextNumbers& texts,
           casefile::Cycle::Builder to);
void write(const CycleResult& result, casefile::Outcome::Builder to);

}  // namespace maitred::cook
