#include "database.h"

#include <sqlite3.h>

namespace maitred::store {
namespace {

constexpr size_t statementsMax = 256;

StoreError::Kind kindOf(int code) {
  switch (code & 0xff) {
    case SQLITE_CONSTRAINT:
      return StoreError::Kind::constraint;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return StoreError::Kind::busy;
    case SQLITE_FULL:
      return StoreError::Kind::full;
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_PROTOCOL:
    case SQLITE_PERM:
    case SQLITE_NOMEM:
      return StoreError::Kind::io;
    case SQLITE_READONLY:
      return StoreError::Kind::readOnly;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return StoreError::Kind::corrupt;
    default:
      return StoreError::Kind::sql;
  }
}

std::string adviceFor(StoreError::Kind kind) {
  switch (kind) {
    case StoreError::Kind::full:
      return " (free some disk space; work goes on as soon as there is room)";
    case StoreError::Kind::readOnly:
      return " (the file or its folder cannot be written by this user)";
    case StoreError::Kind::corrupt:
      return " (restore a backup, or move the file away to begin anew)";
    default:
      return "";
  }
}

}  // namespace

StoreError errorOf(sqlite3* db, int code, const std::string& during) {
  auto extended = db == nullptr ? code : sqlite3_extended_errcode(db);
  auto kind = kindOf((code & 0xff) == (extended & 0xff) ? extended : code);
  std::string text = db == nullptr ? sqlite3_errstr(code) : sqlite3_errmsg(db);
  return StoreError(kind, during + ": " + text + adviceFor(kind));
}

Connection::Impl::Impl(const std::string& path, bool writable, const std::string& vfs) {
  int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
              (writable ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY);
  int code = sqlite3_open_v2(path.c_str(), &db, flags, vfs.empty() ? nullptr : vfs.c_str());
  if (code != SQLITE_OK) {
    auto error = errorOf(db, code, "cannot open store " + path);
    sqlite3_close_v2(db);
    throw error;
  }
  sqlite3_busy_timeout(db, 5'000);  // an operator's sqlite3 shell may hold it for a moment
  try {
    if (!writable) run("PRAGMA query_only=ON");
    run("PRAGMA foreign_keys=ON");
    run("PRAGMA cache_size=-16000");
    run("PRAGMA temp_store=MEMORY");
  } catch (const StoreError& error) {
    sqlite3_close_v2(db);
    throw StoreError(error.kind, "store " + path + ": " + error.what());
  }
}

void Connection::Impl::prepareForWriting() {
  run("PRAGMA journal_mode=WAL");
  run("PRAGMA synchronous=FULL");
  // Ids are random, so that batches touch pages all over the indexes: a longer log writes each of
  // them back less often (64 MiB), and a larger cache (as much) has more of them at hand.
  run("PRAGMA wal_autocheckpoint=16000");
  run("PRAGMA cache_size=-64000");
}

Connection::Impl::~Impl() {
  for (auto& cached : recent) sqlite3_finalize(cached.statement);
  sqlite3_close_v2(db);
}

void Connection::Impl::run(const char* sql) {
  int code = sqlite3_exec(db, sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) throw errorOf(db, code, std::string(sql).substr(0, 200));
}

bool Connection::Impl::inTransaction() const {
  return sqlite3_get_autocommit(db) == 0;
}

sqlite3_stmt* Connection::Impl::take(std::string_view sql) {
  auto found = bySql.find(sql);
  // The same text may be used within itself: then the second use has a statement of its own.
  if (found != bySql.end() && !found->second->busy) {
    recent.splice(recent.begin(), recent, found->second);
    recent.front().busy = true;
    return recent.front().statement;
  }
  sqlite3_stmt* statement = nullptr;
  const char* tail = nullptr;
  int code = sqlite3_prepare_v3(db, sql.data(), int(sql.size()), SQLITE_PREPARE_PERSISTENT,
                                &statement, &tail);
  if (code != SQLITE_OK) throw errorOf(db, code, std::string(sql.substr(0, 200)));
  auto rest = std::string_view(tail, sql.data() + sql.size() - tail);
  if (statement == nullptr || rest.find_first_not_of(" \t\r\n;") != rest.npos) {
    sqlite3_finalize(statement);
    throw StoreError(StoreError::Kind::sql,
                     "exactly one statement is needed, use script() for more: " +
                         std::string(sql.substr(0, 200)));
  }
  if (found == bySql.end()) {
    recent.push_front({std::string(sql), statement, true});
    bySql[recent.front().sql] = recent.begin();
    forgetOldest();
  }
  return statement;
}

void Connection::Impl::giveBack(std::string_view sql, sqlite3_stmt* statement) {
  sqlite3_reset(statement);
  sqlite3_clear_bindings(statement);
  auto found = bySql.find(sql);
  if (found != bySql.end() && found->second->statement == statement) {
    found->second->busy = false;
  } else {
    sqlite3_finalize(statement);
  }
}

void Connection::Impl::forgetOldest() {
  if (recent.size() <= statementsMax || recent.back().busy) return;
  sqlite3_finalize(recent.back().statement);
  bySql.erase(recent.back().sql);
  recent.pop_back();
}

void migrate(Connection::Impl& impl, kj::ArrayPtr<const Migration> migrations,
             const std::string& path) {
  Connection connection(impl);
  impl.run(
      "CREATE TABLE IF NOT EXISTS maitred_schema (version INTEGER PRIMARY KEY, name TEXT NOT NULL,"
      " applied_at INTEGER NOT NULL DEFAULT (unixepoch())) STRICT");
  impl.run(
      "CREATE TABLE IF NOT EXISTS maitred_fence (only_row INTEGER PRIMARY KEY CHECK (only_row = 1),"
      " fence INTEGER NOT NULL) STRICT");
  auto present = connection.value<uint32_t>("SELECT coalesce(max(version), 0) FROM maitred_schema")
                     .value_or(0);
  uint32_t expected = 0;
  for (auto& migration : migrations) {
    if (migration.version != ++expected) {
      throw StoreError(StoreError::Kind::sql, "migrations must be numbered 1, 2, 3, …");
    }
    if (migration.version <= present) continue;
    impl.run("BEGIN IMMEDIATE");
    try {
      impl.run(migration.sql);
      connection.execute("INSERT INTO maitred_schema (version, name) VALUES (?1, ?2)",
                         migration.version, migration.name);
      impl.run("COMMIT");
    } catch (const StoreError& error) {
      if (impl.inTransaction()) sqlite3_exec(impl.db, "ROLLBACK", nullptr, nullptr, nullptr);
      throw StoreError(error.kind, "store " + path + ": migration " +
                                       std::to_string(migration.version) + " (" + migration.name +
                                       ") failed: " + error.what());
    }
  }
}

}  // namespace maitred::store
