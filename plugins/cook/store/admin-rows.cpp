// Rows of what administrators set.

#include "group-text.h"
#include "rows.h"

#include <nlohmann/json.hpp>

namespace maitred::cook {
namespace {

using nlohmann::json;

void writeClusters(store::Connection& db, const AdminChange& change) {
  for (const std::string& cluster : change.clustersRemoved) {
    db.execute("DELETE FROM clusters WHERE name = ?1", cluster);
  }
  for (const ClusterSetting& one : change.clusters) {
    db.execute("INSERT OR REPLACE INTO clusters (name, state, locked) VALUES (?1,?2,?3)",
               one.cluster, name(one.state), one.locked);
  }
}

ClusterSetting readCluster(const store::Row& row) {
  auto state = clusterStateOf(row.text(1));
  if (!state) {
    throw std::runtime_error("cluster " + row.get<std::string>(0) + " has the state '" +
                             row.get<std::string>(1) + "', which is none");
  }
  return {row.get<std::string>(0), *state, row.get<bool>(2)};
}

void writeIncremental(store::Connection& db, const IncrementalRow& row) {
  if (row.values.empty()) {
    db.execute("DELETE FROM incremental WHERE name = ?1", row.key);
    return;
  }
  json list = json::array();
  for (const IncrementalValue& one : row.values) {
    list.push_back(json::array({one.value, one.portion, one.comment}));
  }
  db.execute("INSERT OR REPLACE INTO incremental (name, portions) VALUES (?1,?2)", row.key,
             list.dump());
}

IncrementalRow readIncremental(const store::Row& row) {
  IncrementalRow found{row.get<std::string>(0), {}};
  for (const json& one : json::parse(row.text(1))) {
    found.values.push_back({one.at(0), one.at(1), one.at(2)});
  }
  return found;
}

}  // namespace

void writeGroup(store::Connection& db, const GroupRow& group) {
  db.execute(
      "INSERT OR IGNORE INTO groups (uuid, name, host_placement, straggler_handling, created_ms) "
      "VALUES (?1,?2,?3,?4,?5)",
      group.spec.id.text(), group.spec.name, jsonOf(group.spec.placement).dump(),
      jsonOf(group.spec.stragglers).dump(), group.createdMs);
}

void writeAudit(store::Connection& db, const AuditLine& line) {
  db.execute(
      "INSERT INTO audit (at_ms, user, on_behalf_of, action, target, before, after, reason) "
      "VALUES (?1,?2,?3,?4,?5,?6,?7,?8)",
      line.atMs, line.user, line.onBehalfOf, line.action, line.target, line.before, line.after,
      line.reason);
}

void writeAdminChange(store::Connection& db, const AdminChange& change) {
  for (const LimitKey& key : change.sharesRemoved) {
    db.execute("DELETE FROM shares WHERE user = ?1 AND pool = ?2", key.user, key.pool);
  }
  for (const LimitKey& key : change.quotasRemoved) {
    db.execute("DELETE FROM quotas WHERE user = ?1 AND pool = ?2", key.user, key.pool);
  }
  for (const ShareRow& row : change.shares) {
    db.execute(
        "INSERT OR REPLACE INTO shares (user, pool, mem, cpus, gpus) VALUES (?1,?2,?3,?4,?5)",
        row.key.user, row.key.pool, row.mem, row.cpus, row.gpus);
  }
  for (const QuotaRow& row : change.quotas) {
    db.execute(
        "INSERT OR REPLACE INTO quotas (user, pool, mem, cpus, gpus, count, launch_rate_saved, "
        "launch_rate_per_minute) VALUES (?1,?2,?3,?4,?5,?6,?7,?8)",
        row.key.user, row.key.pool, row.mem, row.cpus, row.gpus, row.count, row.launchRateSaved,
        row.launchRatePerMinute);
  }
  writeClusters(db, change);
  for (const IncrementalRow& row : change.incremental) writeIncremental(db, row);
  for (const AuditLine& line : change.audit) writeAudit(db, line);
}

GroupRow readGroup(const store::Row& row) {
  GroupRow group;
  group.spec.id = storedUuid(row.text(0));
  group.spec.name = row.get<std::string>(1);
  group.spec.placement = hostPlacementOf(nlohmann::json::parse(row.text(2)));
  group.spec.stragglers = stragglerHandlingOf(nlohmann::json::parse(row.text(3)));
  group.createdMs = row.get<std::int64_t>(4);
  return group;
}

Administration readAdministration(store::Connection& db) {
  using Value = std::optional<double>;
  Administration all;
  db.each("SELECT user, pool, mem, cpus, gpus FROM shares ORDER BY user, pool",
          [&](const store::Row& row) {
            all.shares.push_back({{row.get<std::string>(0), row.get<std::string>(1)},
                                  row.get<Value>(2),
                                  row.get<Value>(3),
                                  row.get<Value>(4)});
          });
  db.each(
      "SELECT user, pool, mem, cpus, gpus, count, launch_rate_saved, launch_rate_per_minute "
      "FROM quotas ORDER BY user, pool",
      [&](const store::Row& row) {
        all.quotas.push_back({{row.get<std::string>(0), row.get<std::string>(1)},
                              row.get<Value>(2),
                              row.get<Value>(3),
                              row.get<Value>(4),
                              row.get<std::optional<std::int64_t>>(5),
                              row.get<Value>(6),
                              row.get<Value>(7)});
      });
  db.each(std::string("SELECT ") + GROUP_COLUMNS + " FROM groups ORDER BY uuid",
          [&](const store::Row& row) { all.groups.push_back(readGroup(row)); });
  db.each("SELECT name, state, locked FROM clusters ORDER BY name",
          [&](const store::Row& row) { all.clusters.push_back(readCluster(row)); });
  db.each("SELECT name, portions FROM incremental ORDER BY name",
          [&](const store::Row& row) { all.incremental.push_back(readIncremental(row)); });
  return all;
}

std::vector<AuditLine> readAudit(store::Connection& db, std::size_t most) {
  std::vector<AuditLine> lines;
  db.each(
      "SELECT at_ms, user, on_behalf_of, action, target, before, after, reason FROM audit "
      "ORDER BY id DESC LIMIT ?1",
      [&](const store::Row& row) {
        lines.push_back({row.get<std::int64_t>(0), row.get<std::string>(1), row.get<std::string>(2),
                         row.get<std::string>(3), row.get<std::string>(4), row.get<std::string>(5),
                         row.get<std::string>(6), row.get<std::string>(7)});
      },
      std::min<std::size_t>(most, INT64_MAX));
  return lines;
}

}  // namespace maitred::cook
