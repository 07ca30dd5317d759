#pragma once
// One SQLite connection: opening, statements, errors. Used by one thread at a time.

#include <maitred/store.h>

#include <list>
#include <unordered_map>

struct sqlite3;

namespace maitred::store {

// The error that SQLite reports last on this connection, as ours.
StoreError errorOf(sqlite3* db, int code, const std::string& during);

struct Connection::Impl {
  Impl(const std::string& path, bool writable, const std::string& vfs = "");
  ~Impl();
  // What a writer sets once it knows that the file is its own: some of it stays in the file.
  void prepareForWriting();
  KJ_DISALLOW_COPY(Impl);

  void run(const char* sql);                 // without parameters or results; throws StoreError
  sqlite3_stmt* take(std::string_view sql);  // from the cache or prepared
  void giveBack(std::string_view sql, sqlite3_stmt* statement);
  bool inTransaction() const;

  sqlite3* db = nullptr;

 private:
  struct Cached {
    std::string sql;
    sqlite3_stmt* statement;
    bool busy;
  };
  void forgetOldest();
  std::list<Cached> recent;  // used last comes first
  std::unordered_map<std::string_view, std::list<Cached>::iterator> bySql;
};

// The lock of a store file: held from construction to destruction, also across processes; released
// by the kernel if the process dies.
class FileLock {
 public:
  explicit FileLock(const std::string& path);  // throws StoreError that names the holder's pid
  ~FileLock();
  KJ_DISALLOW_COPY(FileLock);

 private:
  int fd;
};

// Applies what is missing to a file whose version is known not to be newer.
void migrate(Connection::Impl& connection, kj::ArrayPtr<const Migration> migrations,
             const std::string& path);

// The absolute path that a URL means; throws StoreError.
std::string pathOf(const std::string& url, const std::string& directory);

}  // namespace maitred::store
