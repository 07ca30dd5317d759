#include "files.h"
#include "worker.h"

#include <kj/debug.h>

namespace maitred::store {
namespace {

kj::Exception asException(const StoreError& error) {
  using Type = kj::Exception::Type;
  Type type = error.kind == StoreError::Kind::closed ? Type::DISCONNECTED
              : error.degraded()                     ? Type::OVERLOADED
                                                     : Type::FAILED;
  return kj::Exception(type, __FILE__, __LINE__, kj::heapString(error.what()));
}

}  // namespace

struct Store::Impl {
  explicit Impl(const Options& options)
      : options(options),
        path(pathOf(options.url, options.directory)),
        lock(path),
        // A simulated disk has no files that could be staged.
        replaced(options.vfs.empty() ? finishRestore(path, options) : ""),
        writer(worker(Worker::Setup{path, options.migrations, options.bytesMax, options.groupMax,
                                    true, options.vfs, options.pace, options.application,
                                    options.instance})),
        reader(worker({path, {}, 0, 1, false, options.vfs, options.pace, {}, {}})),
        upkeep(worker({path, {}, 0, 1, false, options.vfs, options.pace, {}, {}})),
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
  std::string replaced;
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

kj::Promise<void> Store::backup(std::string path, std::shared_ptr<Progress> progress) {
  if (impl->closing) return KJ_EXCEPTION(DISCONNECTED, "the store is closed");
  auto source = impl->path;
  auto vfs = impl->options.vfs;
  return bare(
      [source, vfs, progress, path = std::move(path)](Connection&) {
        Connection::Impl from(source, false, vfs);
        copyTo(from, path, progress.get());
      },
      false);
}

kj::Promise<std::string> Store::stageRestore(std::string file, bool otherInstance,
                                             std::shared_ptr<Progress> progress) {
  if (impl->closing) return KJ_EXCEPTION(DISCONNECTED, "the store is closed");
  auto kept = std::make_shared<std::string>();
  return bare(
             [kept, progress, otherInstance, file = std::move(file), path = impl->path,
              options = impl->options](Connection&) {
               *kept = stage(file, path, options, otherInstance, progress.get());
             },
             false)
      .then([kept]() { return std::move(*kept); });
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

const std::string& Store::replaced() const {
  return impl->replaced;
}

const Options& Store::options() const {
  return impl->options;
}

const std::string& Store::path() const {
  return impl->path;
}

}  // namespace maitred::store
