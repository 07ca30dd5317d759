#pragma once
// Entitlements: the shares and quotas in force. What the configuration says holds until an
// administrator sets something else for that user and pool; what was set holds as a whole, also
// where it leaves a resource open. Then comes the user `default`, then: no limit.

#include <store/administration.h>

#include <map>
#include <vector>

namespace maitred::cook {

// Takes from `other` what `row` leaves open.
void fill(ShareRow& row, const ShareRow& other);
void fill(QuotaRow& row, const QuotaRow& other);

template <typename Row>
class LimitTable {
 public:
  // Rows without a pool belong to the default pool; one that names it wins over them.
  void configure(std::vector<Row> rows, std::string defaultPoolIn) {
    defaultPool = std::move(defaultPoolIn);
    configured.clear();
    for (Row& row : rows) configured.insert_or_assign(row.key, std::move(row));
  }
  void set(Row row) { given.insert_or_assign(row.key, std::move(row)); }
  void unset(const LimitKey& key) { given.erase(key); }

  // The user's own values, all of them open if there are none.
  Row own(const std::string& user, const std::string& pool) const {
    const Row* found = find(given, {user, pool});
    if (found == nullptr) found = find(configured, {user, pool});
    Row row = found == nullptr ? Row{} : *found;
    row.key = {user, pool};
    return row;
  }
  // With the default user's values where there are none of the user's own.
  Row of(const std::string& user, const std::string& pool) const {
    Row row = own(user, pool);
    fill(row, own("default", pool));
    return row;
  }
  // Every user with values of their own in the pool.
  std::vector<std::string> users(const std::string& pool) const {
    std::map<std::string, bool> names;
    for (const auto* table : {&given, &configured}) {
      for (const auto& [key, row] : *table) {
        if (key.pool == pool || isUnnamed(key.pool, pool)) names[key.user];
      }
    }
    std::vector<std::string> list;
    for (const auto& [name, unused] : names) list.push_back(name);
    return list;
  }
  bool isConfigured(const LimitKey& key) const { return find(configured, key) != nullptr; }
  bool isGiven(const LimitKey& key) const { return find(given, key) != nullptr; }

 private:
  using Table = std::map<LimitKey, Row>;
  Table configured, given;
  std::string defaultPool;

  bool isUnnamed(const std::string& named, const std::string& pool) const {
    return named.empty() && pool == defaultPool;
  }
  const Row* find(const Table& table, const LimitKey& key) const {
    auto at = table.find(key);
    if (at == table.end() && key.pool == defaultPool) at = table.find({key.user, ""});
    return at == table.end() ? nullptr : &at->second;
  }
};

struct Entitlements {
  LimitTable<ShareRow> shares;
  LimitTable<QuotaRow> quotas;
};

}  // namespace maitred::cook
