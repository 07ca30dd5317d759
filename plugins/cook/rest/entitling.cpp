// /share and /quota: what users are entitled to, and what they may run at most.

#include "rest.h"

namespace maitred::cook {

using http::Request;
using http::Response;
using nlohmann::json;

namespace {

constexpr double UNLIMITED = std::numeric_limits<double>::max();
constexpr std::int64_t COUNT_UNLIMITED = 2147483647;
constexpr double RATE_SAVED = 10000097.0;
constexpr double RATE_PER_MINUTE = 600013.0;

Item itemOf(LimitKind kind) {
  return kind == LimitKind::share ? Item::share : Item::quota;
}

std::string required(const Request& request, const char* key) {
  auto value = request.query.get(key);
  if (!value || value->empty()) missing(key);
  return std::string(*value);
}

void deny(const char* what) {
  throw Refused(403, std::string("You are not authorized to access ") + what + " information");
}

json amountsOf(const ShareRow& row) {
  return {{"mem", row.mem.value_or(UNLIMITED)},
          {"cpus", row.cpus.value_or(UNLIMITED)},
          {"gpus", row.gpus.value_or(UNLIMITED)}};
}

json amountsOf(const QuotaRow& row) {
  return {{"mem", row.mem.value_or(UNLIMITED)},
          {"cpus", row.cpus.value_or(UNLIMITED)},
          {"gpus", row.gpus.value_or(UNLIMITED)},
          {"count", row.count.value_or(COUNT_UNLIMITED)},
          {"launch-rate-saved", row.launchRateSaved.value_or(RATE_SAVED)},
          {"launch-rate-per-minute", row.launchRatePerMinute.value_or(RATE_PER_MINUTE)}};
}

// For the audit log: what is given, and nothing for what is left open.
std::string noted(const json& all, const json& unlimited) {
  json given = json::object();
  for (auto it = all.begin(); it != all.end(); ++it) {
    if (it.value() != unlimited[it.key()]) given[it.key()] = it.value();
  }
  return given.empty() ? "" : given.dump(-1, ' ', false, json::error_handler_t::replace);
}
template <typename Row>
std::string noted(const Row& row) {
  return noted(amountsOf(row), amountsOf(Row{}));
}

template <typename T>
void change(std::optional<T>& value, const std::optional<T>& news) {
  if (news) value = news;
}
void apply(ShareRow& row, const LimitChange& news) {
  change(row.mem, news.mem);
  change(row.cpus, news.cpus);
  change(row.gpus, news.gpus);
}
void apply(QuotaRow& row, const LimitChange& news) {
  change(row.mem, news.mem);
  change(row.cpus, news.cpus);
  change(row.gpus, news.gpus);
  change(row.count, news.count);
  change(row.launchRateSaved, news.launchRateSaved);
  change(row.launchRatePerMinute, news.launchRatePerMinute);
}

std::string targetOf(const LimitKey& key) {
  return key.user + (key.pool.empty() ? "" : " in " + key.pool);
}

}  // namespace

json Rest::limitOf(LimitKind kind, const std::string& user, const std::string& pool) const {
  const Entitlements& entitled = queue.entitlements();
  return kind == LimitKind::share ? amountsOf(entitled.shares.of(user, pool))
                                  : amountsOf(entitled.quotas.of(user, pool));
}

json Rest::limitsOf(LimitKind kind, const std::string& user, const std::string& pool) const {
  const Pools& pools = queue.pools();
  json out = limitOf(kind, user, pool.empty() ? pools.defaultPool() : pool);
  if (!pool.empty() || !pools.named()) return out;
  for (const Pool& one : pools.all()) {
    out["pools"][one.name] = limitOf(kind, user, one.name);
  }
  return out;
}

Rest::Answer Rest::getLimit(Request& request, const Caller& caller, LimitKind kind) {
  std::string user = required(request, "user"), pool = poolOf(request);
  if (!settings.access.allows(caller, Verb::get, itemOf(kind), "")) deny(name(kind));
  return Response::json(200, limitsOf(kind, user, pool));
}

Rest::Answer Rest::setLimit(Request& request, const Caller& caller, LimitKind kind) {
  LimitChange news = readLimitChange(request.json(), kind);
  std::string pool = poolOf(request, news.pool);
  if (!settings.access.allows(caller, Verb::create, itemOf(kind), "")) deny(name(kind));
  LimitKey key{news.user, pool.empty() ? queue.pools().defaultPool() : pool};
  AuditLine line = auditLine(caller, kind == LimitKind::share ? "share.set" : "quota.set",
                             targetOf(key), news.reason);
  // Decided at its turn, so that two changes of one user do not undo each other.
  auto change = [key, news, line, kind](const Entitlements& present) mutable {
    AdminChange change;
    auto add = [&](auto row, auto& rows) {
      line.before = noted(row);
      apply(row, news);
      line.after = noted(row);
      rows.push_back(row);
    };
    if (kind == LimitKind::share) {
      add(present.shares.own(key.user, key.pool), change.shares);
    } else {
      add(present.quotas.own(key.user, key.pool), change.quotas);
    }
    change.audit.push_back(line);
    return change;
  };
  return queue.administer(std::move(change)).then([this, kind, user = news.user, pool] {
    return Response::json(201, limitsOf(kind, user, pool));
  });
}

Rest::Answer Rest::removeLimit(Request& request, const Caller& caller, LimitKind kind) {
  std::string user = required(request, "user"), reason = required(request, "reason");
  std::string pool = poolOf(request);
  if (!settings.access.allows(caller, Verb::destroy, itemOf(kind), "")) {
    deny(kind == LimitKind::share ? "share" : "delete");
  }
  LimitKey key{user, pool.empty() ? queue.pools().defaultPool() : pool};
  AuditLine line = auditLine(caller, kind == LimitKind::share ? "share.delete" : "quota.delete",
                             targetOf(key), reason);
  bool byDefault = key.pool == queue.pools().defaultPool();
  auto change = [key, line, kind, byDefault](const Entitlements& present) mutable {
    AdminChange change;
    auto remove = [&](const auto& table, auto& rows, auto& removed) {
      auto row = table.own(key.user, key.pool);
      line.before = noted(row);
      removed.push_back(key);
      if (byDefault) removed.push_back({key.user, ""});  // from before there were pools
      // The configuration must not come back in force by a removal.
      if (table.isConfigured(key)) rows.push_back({.key = key});
    };
    if (kind == LimitKind::share) {
      remove(present.shares, change.shares, change.sharesRemoved);
    } else {
      remove(present.quotas, change.quotas, change.quotasRemoved);
    }
    change.audit.push_back(line);
    return change;
  };
  return queue.administer(std::move(change)).then([] { return Response::empty(204); });
}

}  // namespace maitred::cook
