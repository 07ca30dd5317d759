#pragma once
// Durable state of a plugin: plain SQL tables which an operator can query, one store file per
// instance.
//
//   static const store::Migration migrations[] = {{1, "jobs", "CREATE TABLE job (id TEXT PRIMARY
//   KEY, user TEXT) STRICT"}}; auto db = co_await store::Store::open({.url = "sqlite:cook.db",
//   .directory = context.stateDirectory(),
//                                          .migrations = migrations});
//   co_await db->write(fence, [=](store::Connection& c) {      // on the store's writer thread
//     c.execute("INSERT INTO job VALUES (?1, ?2)", id, user);
//   });                                                        // here it is durable
//   auto users = co_await db->read([](store::Connection& c) {  // on the reader thread, sees all of
//   the above
//     return c.all<std::string, int64_t>("SELECT user, count(*) FROM job GROUP BY 1");
//   });
//
// Transactions submitted while a commit is under way are committed together, each under a savepoint
// of its own: one that throws is undone and rejected alone. Promises resolve on the submitting loop
// once the group is on disk (WAL, synchronous=FULL), in the order of submission. A unit owns what
// it uses: it runs on another thread.
//
// Errors. A unit's own exception, or an SQL error in it, rejects its promise as FAILED. What ails
// the store as a whole (disk full, I/O error, read-only, corrupt) rejects as OVERLOADED and shows
// in degraded() until a commit succeeds again. A lower fence than one seen before is rejected as
// FAILED. Inside a unit all of these are StoreError.

#include <maitred/store-connection.h>

#include <kj/async.h>
#include <kj/function.h>

#include <atomic>
#include <functional>
#include <memory>

namespace maitred::store {

// Applied in order inside one transaction each; `version` counts 1, 2, 3, … and a released one
// never changes.
struct Migration {
  uint32_t version;
  const char* name;
  const char* sql;  // any number of statements
};

struct Options {
  std::string url;                           // sqlite:relative.db or sqlite:/absolute/path
  std::string directory;                     // for a relative path
  kj::ArrayPtr<const Migration> migrations;  // static
  uint64_t bytesMax = 0;  // 0 = as the disk allows; otherwise commits beyond it fail as `full`
  uint32_t queueMax = 100'000;  // units waiting; beyond it write() and read() reject as OVERLOADED
  uint32_t groupMax = 2'000;    // units in one commit
  // Written into the file, so that a file of another program is refused, and a backup of another
  // instance is not restored by mistake. Empty: not written and not compared.
  std::string application;  // the plugin's name
  std::string instance;     // its instance's; another one may take over the file

  // --- For simulations ---
  std::function<kj::Promise<void>()> pace;
  // Set: no threads. Units run on the submitting loop, each group once the promise that this
  // returns has resolved: the time that the disk takes.
  std::string vfs;  // name of a registered sqlite3_vfs; empty = the system's files
};

// How far a long piece of work has come; written by the store's thread, read by any.
struct Progress {
  std::atomic<uint64_t> done{0};
  std::atomic<uint64_t> total{0};  // 0: not known yet
};

// Why a URL cannot be used, as a sentence; nothing if it can. No side effects: for a plugin's
// check().
std::optional<std::string> faultInUrl(std::string_view url);

class Store {
 public:
  static kj::Promise<kj::Own<Store>> open(Options options);
  // Takes the lock of the file, checks, migrates. Rejects with a sentence that says what is wrong:
  // already open (names the holder's pid), written by a newer version, not a database, no
  // permission.

  ~Store() noexcept(false);
  // Commits what was submitted, then joins the threads; blocks meanwhile (close() first does not).
  // Destroy it on the thread that opened it.
  KJ_DISALLOW_COPY(Store);

  // unit(Connection&) -> T in a transaction of its own; resolves when durable. Fence 0 = not
  // fenced. Dropping the promise does not undo it.
  template <typename F>
  auto write(uint64_t fence, F unit) -> kj::Promise<std::invoke_result_t<F&, Connection&>> {
    return submit(kj::mv(unit), fence, true);
  }

  // Likewise, in a read transaction: one consistent state, at least as new as every resolved
  // write().
  template <typename F>
  auto read(F unit) -> kj::Promise<std::invoke_result_t<F&, Connection&>> {
    return submit(kj::mv(unit), 0, false);
  }

  kj::Promise<void> flush();
  // Everything submitted before is durable or rejected.

  kj::Promise<std::vector<std::string>> integrity();
  // Full check of the file; empty = sound.

  kj::Promise<void> backup(std::string path, std::shared_ptr<Progress> progress = nullptr);
  // A consistent copy to a new file, mode 0600, made while work goes on; complete or absent.
  // Refuses to overwrite.

  kj::Promise<std::string> stageRestore(std::string file, bool otherInstance = false,
                                        std::shared_ptr<Progress> progress = nullptr);
  // Examines a backup as a whole and puts a copy of it beside the store; the next open() takes it
  // in place of the present file, which it keeps under the name that this resolves with. Rejects,
  // and nothing has changed, if the file is broken, of another program, of a newer version, or of
  // another instance unless that is allowed.

  kj::Promise<void> close();
  // Flushes and checkpoints, so that destruction takes no time. Every later call is rejected as
  // DISCONNECTED.

  struct Trouble {
    StoreError::Kind kind;
    std::string text;
  };
  kj::Maybe<const Trouble&> degraded() const;
  // For health(): what ails the store as a whole.

  struct Counts {
    uint64_t units = 0, commits = 0, failed = 0;  // since open; units/commits = size of the groups
    size_t waiting = 0;
  };
  Counts counts() const;
  const std::string& path() const;
  const Options& options() const;
  const std::string& replaced() const;
  // Where open() has put the former file, if it has restored a backup; empty otherwise.

  class Unit;
  struct Impl;

 private:
  explicit Store(kj::Own<Impl> impl);

  template <typename F>
  auto submit(F function, uint64_t fence, bool writes)
      -> kj::Promise<std::invoke_result_t<F&, Connection&>>;
  void enqueue(kj::Own<Unit> unit, bool writes);
  kj::Promise<void> bare(kj::Function<void(Connection&)> work, bool writes);

  kj::Own<Impl> impl;
};

// One piece of work: run() on a store thread, finish() and destruction on the loop.
class Store::Unit {
 public:
  virtual ~Unit() noexcept(false) {}
  virtual void run(Connection& connection) = 0;
  virtual void fulfill() = 0;
  virtual void reject(kj::Exception&& exception) = 0;

  uint64_t fence = 0;
  bool bare = false;                // runs alone, outside of any transaction
  std::optional<StoreError> error;  // set by the store thread; nothing = committed
};

namespace detail {

template <typename F, typename T>
class FunctionUnit final : public Store::Unit {
 public:
  FunctionUnit(F&& function, kj::Own<kj::PromiseFulfiller<T>>&& fulfiller)
      : function(kj::mv(function)), fulfiller(kj::mv(fulfiller)) {}

  void run(Connection& connection) override {
    if constexpr (std::is_void_v<T>) {
      function(connection);
    } else {
      result.emplace(function(connection));
    }
  }
  void fulfill() override {
    if constexpr (std::is_void_v<T>) {
      fulfiller->fulfill();
    } else {
      fulfiller->fulfill(kj::mv(*result));
    }
  }
  void reject(kj::Exception&& exception) override { fulfiller->reject(kj::mv(exception)); }

 private:
  F function;
  std::optional<std::conditional_t<std::is_void_v<T>, bool, T>> result;
  kj::Own<kj::PromiseFulfiller<T>> fulfiller;
};

}  // namespace detail

template <typename F>
auto Store::submit(F function, uint64_t fence, bool writes)
    -> kj::Promise<std::invoke_result_t<F&, Connection&>> {
  using T = std::invoke_result_t<F&, Connection&>;
  auto pair = kj::newPromiseAndFulfiller<T>();
  auto unit = kj::heap<detail::FunctionUnit<F, T>>(kj::mv(function), kj::mv(pair.fulfiller));
  unit->fence = fence;
  enqueue(kj::mv(unit), writes);
  return kj::mv(pair.promise);
}

}  // namespace maitred::store
