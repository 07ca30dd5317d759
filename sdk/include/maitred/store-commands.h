#pragma once
// What `maitred ctl store` asks a plugin: backup, check and restore of its stores while it runs. A
// plugin with a store adds it here and passes on what its command() does not know itself:
//
//   stores.add("main", *db);
//   kj::Promise<kj::String> command(kj::StringPtr name, kj::StringPtr input) override {
//     if (store::StoreCommands::knows(name)) return stores.command(name, input);
//     …
//   }
//
// The commands take and give JSON. Long ones begin a task, one at a time, and return at once; its
// progress and outcome are asked for by number:
//   store-list                                          -> [{store, path, instance, …}]
//   store-backup {store?, file}                         -> {task}
//   store-check  {store?}                               -> {task}
//   store-stage  {store?, file, otherInstance?}         -> {task}
//   store-task   {task} -> {over, fault, findings: […], kept, done, total}
// `store` is the name given to add(); without it the first one is meant. Paths must be absolute.

#include <maitred/store.h>

#include <kj/string.h>

namespace maitred::store {

class StoreCommands final {
 public:
  // Further faults that the plugin knows how to find, as sentences; empty = sound.
  using Check = std::function<kj::Promise<std::vector<std::string>>()>;

  StoreCommands();
  ~StoreCommands() noexcept(false);
  KJ_DISALLOW_COPY(StoreCommands);

  // The store must outlive this. Names must be unique.
  void add(std::string name, Store& store, Check check = {});

  static bool knows(kj::StringPtr command) { return command.startsWith("store-"); }
  // Rejects with a sentence if the input is wrong, a task is under way already, or the command is
  // unknown (UNIMPLEMENTED).
  kj::Promise<kj::String> command(kj::StringPtr name, kj::StringPtr input);

 private:
  struct Impl;
  kj::Own<Impl> impl;
};

}  // namespace maitred::store
