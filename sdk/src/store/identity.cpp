// Whose store a file is: a mark in the file's header, and one row that names program and instance.

#include "identity.h"

namespace maitred::store {
namespace {

[[noreturn]] void refuse(const std::string& path, const std::string& why) {
  throw StoreError(StoreError::Kind::foreign, "store " + path + " " + why);
}

std::string quoted(const std::string& text) {
  return "\"" + text + "\"";
}

}  // namespace

Identity readIdentity(Connection& connection, const std::string& path) {
  Identity found;
  auto mark = connection.value<int64_t>("PRAGMA application_id").value_or(0);
  if (mark != 0 && mark != applicationMark) {
    refuse(path, "belongs to another program (its application id is " + std::to_string(mark) +
                     "): choose another file");
  }
  auto has = [&](const char* table) {
    return connection.value<int64_t>(
               "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = ?1", table) > 0;
  };
  if (has("maitred_schema")) {
    found.version =
        connection.value<uint32_t>("SELECT coalesce(max(version), 0) FROM maitred_schema")
            .value_or(0);
    found.known = true;
  } else if (connection.value<int64_t>("SELECT count(*) FROM sqlite_schema").value_or(0) > 0) {
    refuse(path, "is a database, but no store of maitred: choose another file");
  }
  if (has("maitred_identity")) {
    if (auto row = connection.first<std::string, std::string>(
            "SELECT application, instance FROM maitred_identity")) {
      std::tie(found.application, found.instance) = *row;
    }
  }
  return found;
}

void requireVersion(const Identity& found, uint32_t newest, const std::string& path) {
  if (found.version <= newest) return;
  throw StoreError(
      StoreError::Kind::newer,
      "store " + path + " has schema version " + std::to_string(found.version) +
          ", this program knows versions up to " + std::to_string(newest) +
          ": run the newer version again, or restore a backup from before the upgrade");
}

void requireApplication(const Identity& found, const std::string& application,
                        const std::string& path) {
  if (application.empty() || found.application.empty() || found.application == application) return;
  refuse(path, "is one of " + quoted(found.application) + ", not of " + quoted(application) +
                   ": choose another file");
}

void requireInstance(const Identity& found, const std::string& instance, const std::string& path) {
  if (instance.empty() || found.instance.empty() || found.instance == instance) return;
  refuse(path, "is one of the instance " + quoted(found.instance) + ", not of " + quoted(instance) +
                   ": it is taken only with --other-instance");
}

void writeIdentity(Connection::Impl& impl, const Identity& found, const std::string& application,
                   const std::string& instance) {
  Connection connection(impl);
  auto mark = connection.value<int64_t>("PRAGMA application_id").value_or(0);
  if (mark == 0) {
    impl.run(("PRAGMA application_id=" + std::to_string(applicationMark)).c_str());
  }
  if (application.empty()) return;
  if (found.application == application && found.instance == instance) return;
  impl.run(
      "CREATE TABLE IF NOT EXISTS maitred_identity (only_row INTEGER PRIMARY KEY CHECK (only_row ="
      " 1), application TEXT NOT NULL, instance TEXT NOT NULL) STRICT");
  connection.execute("INSERT OR REPLACE INTO maitred_identity VALUES (1, ?1, ?2)", application,
                     instance);
}

}  // namespace maitred::store
