#include "symbol.h"

#include <atomic>
#include <memory>
#include <mutex>
#include <unordered_map>

namespace maitred::cook {

struct Symbol::Entry {
  std::string text;
  std::atomic<std::size_t> uses{1};
};

namespace {

template <typename Entry>
struct Table {
  std::mutex mutex;
  std::unordered_map<std::string_view, std::unique_ptr<Entry>> entries;  // by their own text

  // Never destroyed: symbols may outlive any static object.
  static Table& get() {
    static Table& table = *new Table;
    return table;
  }
};

}  // namespace

const std::string Symbol::EMPTY;

Symbol::Entry* Symbol::intern(std::string_view text) {
  if (text.empty()) return nullptr;
  auto& table = Table<Entry>::get();
  std::lock_guard lock(table.mutex);
  if (auto at = table.entries.find(text); at != table.entries.end()) {
    return share(at->second.get());
  }
  auto entry = std::make_unique<Entry>();
  entry->text = text;
  Entry* added = entry.get();
  table.entries.emplace(added->text, std::move(entry));
  return added;
}

Symbol::Entry* Symbol::share(Entry* entry) {
  if (entry != nullptr) entry->uses.fetch_add(1, std::memory_order_relaxed);
  return entry;
}

// The last use ends under the lock, so that nobody finds an entry that is about to go.
void Symbol::release(Entry* entry) {
  std::size_t uses = entry->uses.load(std::memory_order_relaxed);
  while (uses > 1) {
    if (entry->uses.compare_exchange_weak(uses, uses - 1, std::memory_order_acq_rel)) return;
  }
  auto& table = Table<Entry>::get();
  std::lock_guard lock(table.mutex);
  if (entry->uses.fetch_sub(1, std::memory_order_acq_rel) == 1) table.entries.erase(entry->text);
}

const std::string& Symbol::textOf(const Entry* entry) {
  return entry->text;
}

}  // namespace maitred::cook
