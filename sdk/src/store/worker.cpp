#include "worker.h"

#include "identity.h"

#include <sqlite3.h>

#include <kj/exception.h>

namespace maitred::store {
namespace {

// Calls fn; whatever it throws becomes a StoreError.
template <typename F>
std::optional<StoreError> errorIn(F&& fn) {
  try {
    fn();
    return std::nullopt;
  } catch (const StoreError& error) {
    return error;
  } catch (const kj::Exception& exception) {
    return StoreError(StoreError::Kind::unit, exception.getDescription().cStr());
  } catch (const std::exception& exception) {
    return StoreError(StoreError::Kind::unit, exception.what());
  } catch (...) {
    return StoreError(StoreError::Kind::unit, "the unit threw something that is no exception");
  }
}

}  // namespace

void Completions::push(std::vector<UnitPtr>&& units, std::optional<StoreError> trouble,
                       bool committed) {
  kj::Own<kj::CrossThreadPromiseFulfiller<void>> toWake;
  {
    std::lock_guard lock(mutex);
    for (auto& unit : units) finished.units.push_back(kj::mv(unit));
    if (trouble) {
      finished.trouble = std::move(trouble);
      finished.committed = false;
    } else if (committed) {
      finished.trouble.reset();
      finished.committed = true;
    }
    toWake = kj::mv(waker);
  }
  if (toWake.get() != nullptr) toWake->fulfill();
}

kj::Promise<void> Completions::wait() {
  auto pair = kj::newPromiseAndCrossThreadFulfiller<void>();
  std::lock_guard lock(mutex);
  if (!finished.units.empty()) return kj::READY_NOW;
  waker = kj::mv(pair.fulfiller);
  return kj::mv(pair.promise);
}

Completions::Finished Completions::take() {
  std::lock_guard lock(mutex);
  return std::exchange(finished, Finished());
}

Worker::Worker(Setup given, Completions& completions)
    : setup(std::move(given)), completions(completions) {
  if (!setup.pace) thread = std::thread([this]() { main(); });
}

Worker::~Worker() {
  if (setup.pace) {
    pumped = nullptr;
    while (step()) {
    }
    return;
  }
  {
    std::lock_guard lock(mutex);
    stopping = true;
  }
  wake.notify_one();
  thread.join();
}

void Worker::push(UnitPtr unit) {
  {
    std::lock_guard lock(mutex);
    queue.push_back(kj::mv(unit));
    count.fetch_add(1, std::memory_order_relaxed);
  }
  if (!setup.pace) {
    wake.notify_one();
  } else if (!pumping) {
    pumping = true;
    pumped = pump().eagerlyEvaluate(nullptr);
  }
}

kj::Promise<void> Worker::pump() {
  return setup.pace().then([this]() -> kj::Promise<void> {
    step();
    if (waiting() != 0) return pump();
    pumping = false;
    return kj::READY_NOW;
  });
}

void Worker::main() {
  for (;;) {
    {
      std::unique_lock lock(mutex);
      wake.wait(lock, [this]() { return stopping || !queue.empty(); });
    }
    if (!step()) break;
  }
  connection.reset();
  impl.reset();
}

bool Worker::step() {
  std::vector<UnitPtr> units;
  {
    std::lock_guard lock(mutex);
    // A bare unit goes alone; a group ends before one.
    while (!queue.empty() && units.size() < setup.groupMax &&
           (units.empty() || !queue.front()->bare)) {
      units.push_back(kj::mv(queue.front()));
      queue.pop_front();
      if (units.back()->bare) break;
    }
  }
  if (units.empty()) return false;
  auto size = units.size();
  work(units);
  count.fetch_sub(size, std::memory_order_relaxed);
  completions.push(std::move(units), std::exchange(trouble, std::nullopt),
                   std::exchange(committed, false));
  return true;
}

void Worker::open() {
  if (impl) return;
  auto fresh = std::make_unique<Connection::Impl>(setup.path, setup.writes, setup.vfs);
  auto face = std::make_unique<Connection>(*fresh);
  if (setup.writes) {
    auto found = readIdentity(*face, setup.path);
    requireVersion(found, setup.migrations.size() == 0 ? 0 : setup.migrations.back().version,
                   setup.path);
    requireApplication(found, setup.application, setup.path);
    fresh->prepareForWriting();
    migrate(*fresh, setup.migrations, setup.path);
    writeIdentity(*fresh, found, setup.application, setup.instance);
    fence = face->value<uint64_t>("SELECT fence FROM maitred_fence").value_or(0);
    if (setup.bytesMax != 0) {
      auto pageBytes = face->value<uint64_t>("PRAGMA page_size").value_or(4096);
      auto pages = std::max<uint64_t>(setup.bytesMax / pageBytes, 1);
      fresh->run(("PRAGMA max_page_count=" + std::to_string(pages)).c_str());
    }
  }
  impl = std::move(fresh);
  connection = std::move(face);
}

void Worker::fail(kj::ArrayPtr<UnitPtr> units, const StoreError& error) {
  for (auto& unit : units) {
    if (!unit->error) unit->error = error;
  }
  if (error.degraded()) trouble = error;
}

void Worker::work(std::vector<UnitPtr>& units) {
  auto all = kj::arrayPtr(units.data(), units.size());
  if (auto error = errorIn([&]() { open(); })) {
    fail(all, *error);
  } else if (units.front()->bare) {
    runBare(*units.front());
  } else {
    group(all);
  }
}

void Worker::runBare(Store::Unit& unit) {
  unit.error = errorIn([&]() { unit.run(*connection); });
  if (unit.error && unit.error->degraded()) trouble = unit.error;
}

void Worker::checkFence(Store::Unit& unit) {
  if (unit.fence == 0 || unit.fence == fence) return;
  if (unit.fence < fence) {
    throw StoreError(StoreError::Kind::fenced, "fenced: fence " + std::to_string(unit.fence) +
                                                   " was superseded by " + std::to_string(fence));
  }
  connection->execute(
      "INSERT INTO maitred_fence VALUES (1, ?1)"
      " ON CONFLICT (only_row) DO UPDATE SET fence = excluded.fence",
      unit.fence);
  fence = unit.fence;
}

// A unit that fails is undone alone.
void Worker::inSavepoint(Store::Unit& unit) {
  auto before = fence;
  connection->execute("SAVEPOINT unit");
  unit.error = errorIn([&]() {
    checkFence(unit);
    unit.run(*connection);
  });
  if (unit.error) {
    fence = before;
    if (unit.error->degraded()) trouble = unit.error;
    if (!impl->inTransaction()) throw *unit.error;  // SQLite has undone the whole group
    connection->execute("ROLLBACK TO unit");
  }
  connection->execute("RELEASE unit");
}

void Worker::group(kj::ArrayPtr<UnitPtr> units) {
  auto fenceBefore = fence;
  auto error = errorIn([&]() {
    connection->execute(setup.writes ? "BEGIN IMMEDIATE" : "BEGIN");
    for (auto& unit : units) inSavepoint(*unit);
    connection->execute("COMMIT");
  });
  if (!error) {
    if (setup.writes) {
      committed = std::any_of(units.begin(), units.end(), [](auto& unit) { return !unit->error; });
      commitCount.fetch_add(1, std::memory_order_relaxed);
    }
    return;
  }
  // None of the group is durable, whatever each of them thought.
  fence = fenceBefore;
  if (impl->inTransaction()) {
    if (auto again = errorIn([&]() { connection->execute("ROLLBACK"); })) {
      connection.reset();  // nothing can be said of its state: open anew
      impl.reset();
    }
  }
  if (error->degraded() && setup.writes && impl) disown();
  fail(units, *error);
}

// A commit that failed when it was flushed has left its pages in the log, and a process that died
// now would find them there at its next start. Any later commit overwrites them, this smallest one
// too; if the disk does not take it, the next group that it takes does.
void Worker::disown() {
  errorIn([&]() { impl->run("PRAGMA user_version=0"); });
}

}  // namespace maitred::store
