#pragma once
// One pool's values per user, with those of the pseudo-user `default` for whoever has none of their
// own: what shares and quotas have in common.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

namespace maitred::cook {

// Entry: a struct of std::optional values whose fields() ties them all together.
template <typename Entry>
class UserTable {
 public:
  using Entries = std::map<std::string, Entry, std::less<>>;
  static constexpr std::string_view DEFAULT_USER = "default";

  // Exactly these values from now on; none at all is the same as remove().
  void set(std::string_view user, const Entry& entry) {
    if (entry == Entry{}) {
      remove(user);
    } else {
      entries_.insert_or_assign(std::string(user), entry);
      ++generation_;
    }
  }
  // These values; those that the entry does not have stay as they are.
  void update(std::string_view user, const Entry& values) {
    Entry merged = values;
    if (const Entry* old = find(user)) complete(merged, *old);
    set(user, merged);
  }
  // These values where the user has none. Records that were kept without a pool belong to the
  // default pool, whose own records win: they are filled in after those were set.
  void fill(std::string_view user, const Entry& values) {
    const Entry* old = find(user);
    Entry merged = old == nullptr ? Entry{} : *old;
    complete(merged, values);
    set(user, merged);
  }
  // False: there was nothing.
  bool remove(std::string_view user) {
    auto at = entries_.find(user);
    if (at == entries_.end()) return false;
    entries_.erase(at);
    ++generation_;
    return true;
  }

  // The user's own values; null if there are none.
  const Entry* find(std::string_view user) const {
    auto at = entries_.find(user);
    return at == entries_.end() ? nullptr : &at->second;
  }
  // All that were set, by user, `default` among them.
  const Entries& entries() const { return entries_; }
  // Grows with every change.
  std::uint64_t generation() const { return generation_; }

 protected:
  // The user's own values, completed by those of `default`.
  Entry resolved(std::string_view user) const {
    const Entry* own = find(user);
    Entry merged = own == nullptr ? Entry{} : *own;
    if (const Entry* common = find(DEFAULT_USER)) complete(merged, *common);
    return merged;
  }

 private:
  Entries entries_;
  std::uint64_t generation_ = 0;

  static void complete(Entry& entry, const Entry& from) {
    auto to = entry.fields();
    auto source = Entry(from);
    auto more = source.fields();
    completeEach(to, more, std::make_index_sequence<std::tuple_size_v<decltype(to)>>());
  }
  template <typename Tuple, std::size_t... I>
  static void completeEach(Tuple& to, Tuple& from, std::index_sequence<I...>) {
    auto one = [](auto& value, const auto& other) {
      if (!value) value = other;
    };
    (one(std::get<I>(to), std::get<I>(from)), ...);
  }
};

}  // namespace maitred::cook
