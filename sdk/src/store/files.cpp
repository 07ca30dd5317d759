#include "files.h"

#include "identity.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>

namespace maitred::store {
namespace {

constexpr int pagesAtOnce = 1'000;

[[noreturn]] void failIo(const std::string& what) {
  throw StoreError(StoreError::Kind::io, what + ": " + strerror(errno));
}

bool exists(const std::string& path) {
  struct stat file;
  return lstat(path.c_str(), &file) == 0;
}

void refuseExisting(const std::string& path) {
  if (!exists(path)) return;
  throw StoreError(StoreError::Kind::unit,
                   path + " exists already and is not overwritten: choose another name");
}

// Fails if there is a file of that name, even one that was made just now.
void renameToNew(const std::string& from, const std::string& to) {
  if (renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return;
  if (errno == EEXIST) refuseExisting(to);
  if (errno != EINVAL && errno != ENOSYS) failIo("cannot rename " + from + " to " + to);
  // A file system without it.
  if (link(from.c_str(), to.c_str()) != 0) failIo("cannot rename " + from + " to " + to);
  unlink(from.c_str());
}

// Everything of one read transaction, so that writers do not make it begin again.
int copyPages(sqlite3* source, sqlite3* target, Progress* progress) {
  auto* backup = sqlite3_backup_init(target, "main", source, "main");
  if (backup == nullptr) return sqlite3_extended_errcode(target);
  int code;
  do {
    code = sqlite3_backup_step(backup, pagesAtOnce);
    if (progress != nullptr) {
      auto total = sqlite3_backup_pagecount(backup);
      progress->total = uint64_t(total);
      progress->done = uint64_t(total - sqlite3_backup_remaining(backup));
    }
    if (code == SQLITE_BUSY || code == SQLITE_LOCKED) sqlite3_sleep(5);
  } while (code == SQLITE_OK || code == SQLITE_BUSY || code == SQLITE_LOCKED);
  int end = sqlite3_backup_finish(backup);
  return code == SQLITE_DONE ? end : code;
}

bool sameFile(const std::string& a, const std::string& b) {
  struct stat one, two;
  return lstat(a.c_str(), &one) == 0 && lstat(b.c_str(), &two) == 0 && one.st_ino == two.st_ino &&
         one.st_dev == two.st_dev;
}

// A second name for a file, so that it stays when the first one is given to another.
void keepAs(const std::string& from, const std::string& to) {
  if (link(from.c_str(), to.c_str()) == 0 || errno == ENOENT) return;
  if (errno == EEXIST) {
    if (sameFile(from, to)) return;  // the work of a start that was interrupted
    refuseExisting(to);
  }
  failIo("cannot keep " + from + " as " + to);
}

// The name under which the former store will be kept comes from the staged file's time: an older
// file must not have it already, whatever the clock did. The present store may: then a start that
// was interrupted has linked it.
void dateStaged(const std::string& path) {
  auto taken = [&path] { return exists(keptPath(path)) && !sameFile(path, keptPath(path)); };
  for (int attempt = 0; taken() && attempt < 86'400; ++attempt) {
    struct stat file;
    if (lstat(stagedPath(path).c_str(), &file) != 0) failIo("cannot examine " + stagedPath(path));
    timespec times[2] = {{0, UTIME_OMIT}, {file.st_mtime + 1, 0}};
    if (utimensat(AT_FDCWD, stagedPath(path).c_str(), times, 0) != 0) {
      failIo("cannot date " + stagedPath(path));
    }
  }
}

void remove(const std::string& path) {
  if (unlink(path.c_str()) != 0 && errno != ENOENT) failIo("cannot remove " + path);
}

// Throws unless it can be this store.
void examine(Connection::Impl& source, const std::string& file, const Options& options,
             bool otherInstance) {
  Connection connection(source);
  auto found = readIdentity(connection, file);
  if (!found.known) {
    throw StoreError(StoreError::Kind::foreign, "store " + file +
                                                    " is empty: there is nothing "
                                                    "to restore");
  }
  requireVersion(found, options.migrations.size() == 0 ? 0 : options.migrations.back().version,
                 file);
  requireApplication(found, options.application, file);
  if (!otherInstance) requireInstance(found, options.instance, file);
}

}  // namespace

void syncPath(const std::string& path, int flags) {
  int fd = ::open(path.c_str(), flags | O_CLOEXEC);
  bool good = fd >= 0 && fsync(fd) == 0;
  if (fd >= 0) close(fd);
  if (!good) failIo("cannot make " + path + " durable");
}

std::string folderOf(const std::string& path) {
  auto slash = path.rfind('/');
  return slash == path.npos ? "." : path.substr(0, std::max<size_t>(slash, 1));
}

void copyTo(Connection::Impl& from, const std::string& path, Progress* progress) {
  refuseExisting(path);
  auto part = path + ".part";
  unlink(part.c_str());
  // Made here, so that nobody else can read it at any time.
  int fd = ::open(part.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) failIo("cannot back up to " + path);
  close(fd);
  sqlite3* target = nullptr;
  int code = sqlite3_open_v2(part.c_str(), &target, SQLITE_OPEN_READWRITE, nullptr);
  std::optional<StoreError> error;
  try {
    from.run("BEGIN");
    from.run("SELECT count(*) FROM sqlite_schema");
    if (code == SQLITE_OK) code = copyPages(from.db, target, progress);
    // Whoever reads a copy shall not need to write beside it, as in WAL mode.
    if (code == SQLITE_OK) {
      code = sqlite3_exec(target, "PRAGMA journal_mode=DELETE", nullptr, nullptr, nullptr);
    }
    if (code != SQLITE_OK) error = errorOf(target, code, "cannot back up to " + path);
    from.run("ROLLBACK");
  } catch (const StoreError& fault) {
    error = fault;
  }
  sqlite3_close_v2(target);
  try {
    if (error) throw *error;
    syncPath(part, O_RDONLY);
    renameToNew(part, path);
    syncPath(folderOf(path), O_RDONLY | O_DIRECTORY);
  } catch (const StoreError&) {
    unlink(part.c_str());
    throw;
  }
}

std::string stagedPath(const std::string& path) {
  return path + ".restore";
}

std::string keptPath(const std::string& path) {
  struct stat file;
  if (lstat(stagedPath(path).c_str(), &file) != 0) failIo("cannot examine " + stagedPath(path));
  std::tm parts{};
  gmtime_r(&file.st_mtime, &parts);
  char text[32];
  strftime(text, sizeof text, "%Y%m%dT%H%M%SZ", &parts);
  return path + ".before-" + text;
}

std::string stage(const std::string& file, const std::string& path, const Options& options,
                  bool otherInstance, Progress* progress) {
  if (!exists(file)) throw StoreError(StoreError::Kind::io, "there is no file " + file);
  Connection::Impl source(file, false);
  examine(source, file, options, otherInstance);
  Connection connection(source);
  for (auto& [line] : connection.all<std::string>("PRAGMA integrity_check(1)")) {
    if (line != "ok") {
      throw StoreError(StoreError::Kind::corrupt, "store " + file + " is broken: " + line);
    }
  }
  // One that was staged and not taken yet gives way.
  remove(stagedPath(path));
  copyTo(source, stagedPath(path), progress);
  dateStaged(path);
  return keptPath(path);
}

std::string finishRestore(const std::string& path, const Options& options) {
  auto staged = stagedPath(path);
  if (!exists(staged)) return "";
  {
    Connection::Impl source(staged, false);
    examine(source, staged, options, true);
  }
  dateStaged(path);  // it may have been put there by hand
  auto kept = keptPath(path);
  keepAs(path, kept);
  keepAs(path + "-wal", kept + "-wal");
  syncPath(folderOf(path), O_RDONLY | O_DIRECTORY);
  // The new file must never be seen with the former one's log. What the examination left of its own
  // is empty.
  for (const char* suffix : {"-wal", "-shm"}) {
    remove(path + suffix);
    remove(staged + suffix);
  }
  syncPath(folderOf(path), O_RDONLY | O_DIRECTORY);
  if (rename(staged.c_str(), path.c_str()) != 0) failIo("cannot rename " + staged);
  syncPath(folderOf(path), O_RDONLY | O_DIRECTORY);
  return exists(kept) ? kept : "";
}

}  // namespace maitred::store
