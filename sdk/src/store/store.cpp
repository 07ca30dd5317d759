#include "worker.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <kj/debug.h>

#include <cstdio>

namespace maitred::store {
namespace {

kj::Exception asException(const StoreError& error) {
  if (error.kind == StoreError::Kind::closed) return KJ_EXCEPTION(DISCONNECTED, error.what());
  if (error.degraded()) return KJ_EXCEPTION(OVERLOADED, error.what());
  return KJ_EXCEPTION(FAILED, error.what());
}

void syncPath(const std::string& path, int flags) {
  int fd = ::open(path.c_str(), flags | O_CLOEXEC);
  bool good = fd >= 0 && fsync(fd) == 0;
  if (fd >= 0) close(fd);
  if (!good) throw StoreError(StoreError::Kind::io, "cannot make " + path + " durable");
}

// Pages are copied in portions; a writer that is at work meanwhile is followed by SQLite.
void copyTo(Connection::Impl& from, const std::string& path) {
  auto part = path + ".part";
  unlink(part.c_str());
  sqlite3* target = nullptr;
  int code =
      sqlite3_open_v2(part.c_str(), &target, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr);
  if (code == SQLITE_OK) {
    auto* backup = sqlite3_backup_init(target, "main", from.db, "main");
    code = SQLITE_NOMEM;
    if (backup != nullptr) {
      do {
        code = sqlite3_backup_step(backup, 1'000);
        if (code == SQLITE_BUSY || code == SQLITE_LOCKED) sqlite3_sleep(5);
      } while (code == SQLITE_OK || code == SQLITE_BUSY || code == SQLITE_LOCKED);
      int end = sqlite3_backup_finish(backup);
      if (code == SQLITE_DONE) code = end;
    }
  }
  std::optional<StoreError> error;
  if (code != SQLITE_OK) error = errorOf(target, code, "cannot back up to " + path);
  sqlite3_close_v2(target);
  if (!error) {
    syncPath(part, O_RDONLY);
    if (rename(part.c_str(), path.c_str()) != 0) {
      error = StoreError(StoreError::Kind::io, "cannot rename " + part + " to " + path);
    }
  }
  if (error) {
    unlink(part.c_str());
    throw *error;
  }
  auto slash = path.rfind('/');
  syncPath(slash == path.npos ? "." : path.substr(0, std::max<size_t>(slash, 1)),
           O_RDONLY | O_DIRECTORY);
}

}  // namespace

struct Store::Impl {
  explicit Impl(const Options& options)
      : options(options),
        path(pathOf(options.url, options.directory)),
        lock(path),
        writer(worker(Worker::Setup{path, options.migrations, options.bytesMax, options.groupMax,
                                    true, options.vfs, options.pace})),
        reader(worker({path, {}, 0, 1, false, options.vfs, options.pace})),
        upkeep(worker({path, {}, 0, 1, false, options.vfs, options.pace})),
        delivering(deliver().eagerlyEvaluate(nullptr)) {}

  std::unique_ptr<Worker> worker(Worker::Setup setup) {
    return std::make_unique<Worker>(std::move(setup), completions);
  }

  kj::Promise<void> deliver() {
    return completions.wait().then([this]() {
      resolve();
      return deliver();
    });
  }

  void resolve() {
    auto finished = completions.take();
    if (finished.trouble) {
      trouble = Trouble{finished.trouble->kind, finished.trouble->what()};
    } else if (finished.committed) {
      trouble = nullptr;
    }
    for (auto& unit : finished.units) {
      ++units;
      if (unit->error) {
        ++failed;
        unit->reject(asException(*unit->error));
      } else {
        unit->fulfill();
      }
    }
  }

  void stop() {
    writer = nullptr;
    reader = nullptr;
    upkeep = nullptr;
  }

  Options options;
  std::string path;
  FileLock lock;
  Completions completions;
  std::unique_ptr<Worker> writer, reader, upkeep;
  bool closing = false;
  kj::Maybe<Trouble> trouble;
  uint64_t units = 0, failed = 0;
  kj::Promise<void> delivering;
};

Store::Store(kj::Own<Impl> impl) : impl(kj::mv(impl)) {}

Store::~Store() noexcept(false) {
  impl->stop();
  impl->resolve();
}

kj::Promise<kj::Own<Store>> Store::open(Options options) {
  return kj::evalNow([&]() -> kj::Promise<kj::Own<Store>> {
    try {
      auto store =
          kj::Own<Store>(new Store(kj::heap<Impl>(options)), kj::_::HeapDisposer<Store>::instance);
      // The writer opens and migrates before its first unit.
      auto opened = store->bare([](Connection&) {}, true);
      return opened.then([store = kj::mv(store)]() mutable { return kj::mv(store); });
    } catch (const StoreError& error) {
      return asException(error);
    }
  });
}

void Store::enqueue(kj::Own<Unit> unit, bool writes) {
  if (impl->closing) {
    unit->reject(KJ_EXCEPTION(DISCONNECTED, "the store is closed", impl->path.c_str()));
    return;
  }
  auto& worker = writes ? *impl->writer : *impl->reader;
  if (worker.waiting() >= impl->options.queueMax) {
    unit->reject(KJ_EXCEPTION(OVERLOADED, "too many transactions wait for the store",
                              impl->path.c_str(), worker.waiting()));
    return;
  }
  worker.push(kj::mv(unit));
}

kj::Promise<void> Store::bare(kj::Function<void(Connection&)> work, bool writes) {
  auto pair = kj::newPromiseAndFulfiller<void>();
  auto unit = kj::heap<detail::FunctionUnit<kj::Function<void(Connection&)>, void>>(
      kj::mv(work), kj::mv(pair.fulfiller));
  unit->bare = true;
  (writes ? *impl->writer : *impl->upkeep).push(kj::mv(unit));
  return kj::mv(pair.promise);
}

kj::Promise<void> Store::flush() {
  return write(0, [](Connection&) {});
}

kj::Promise<std::vector<std::string>> Store::integrity() {
  if (impl->closing) return KJ_EXCEPTION(DISCONNECTED, "the store is closed");
  auto found = std::make_shared<std::vector<std::string>>();
  return bare(
             [found](Connection& connection) {
               for (auto& [line] : connection.all<std::string>("PRAGMA integrity_check(100)")) {
                 if (line != "ok") found->push_back(line);
               }
               for (auto& [table] : connection.all<std::string>(
                        "SELECT DISTINCT \"table\" FROM pragma_foreign_key_check")) {
                 found->push_back("table " + table + " refers to rows that do not exist");
               }
             },
             false)
      .then([found]() { return std::move(*found); });
}

kj::Promise<void> Store::backup(std::string path) {
  if (impl->closing) return KJ_EXCEPTION(DISCONNECTED, "the store is closed");
  auto source = impl->path;
  auto vfs = impl->options.vfs;
  return bare(
      [source, vfs, path = std::move(path)](Connection&) {
        Connection::Impl from(source, false, vfs);
        copyTo(from, path);
      },
      false);
}

kj::Promise<void> Store::close() {
  if (impl->closing) return kj::READY_NOW;
  auto checkpointed = bare(
      [](Connection& connection) { connection.script("PRAGMA wal_checkpoint(TRUNCATE)"); }, true);
  impl->closing = true;
  return checkpointed;
}

kj::Maybe<const Store::Trouble&> Store::degraded() const {
  KJ_IF_MAYBE (trouble, impl->trouble) return *trouble;
  return nullptr;
}

Store::Counts Store::counts() const {
  return {impl->units, impl->writer->commits(), impl->failed, impl->writer->waiting()};
}

const std::string& Store::path() const {
  return impl->path;
}

}  // namespace maitred::store
