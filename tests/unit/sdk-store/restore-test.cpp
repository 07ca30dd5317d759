// Backups and their way back, and what a plugin's operators ask of its stores.
#include "store-fixture.h"

#include <maitred/store-commands.h>

#include <nlohmann/json.hpp>
#include <sys/stat.h>

#include <fstream>

namespace maitred::store {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class RestoreTest : public StoreTest {
 protected:
  ~RestoreTest() noexcept override {}

  Options named(std::string application = "trial", std::string instance = "one") const {
    auto o = options();
    o.application = std::move(application);
    o.instance = std::move(instance);
    return o;
  }
  std::string file(const char* name) const { return directory + "/" + name; }
  // A backup with rows 0 and 1, and a store that has gone on to row 2.
  kj::Own<Store> withBackup(std::string application = "trial", std::string instance = "one") {
    auto store = open(named(application, instance));
    for (int64_t id : {0, 1}) wait(store->write(0, insert(id)));
    wait(store->backup(file("copy.db")));
    wait(store->write(0, insert(2)));
    return store;
  }
};

TEST_F(RestoreTest, BackupIsPrivateAndOverwritesNothing) {
  auto store = withBackup();
  struct stat made;
  ASSERT_EQ(stat(file("copy.db").c_str(), &made), 0);
  EXPECT_EQ(made.st_mode & 0777, 0600u);
  auto size = made.st_size;
  EXPECT_THAT(failureOf(store->backup(file("copy.db"))), HasSubstr("not overwritten"));
  ASSERT_EQ(stat(file("copy.db").c_str(), &made), 0);
  EXPECT_EQ(made.st_size, size);
  EXPECT_FALSE(fs::exists(file("copy.db.part")));
  EXPECT_FALSE(fs::exists(file("copy.db-wal")));
}

TEST_F(RestoreTest, BackupGoesOnWhileThereAreWrites) {
  auto store = open(named());
  for (int64_t id = 0; id < 3'000; ++id) store->write(0, insert(id)).detach([](auto&&) {});
  wait(store->flush());
  auto progress = std::make_shared<Progress>();
  auto copied = store->backup(file("copy.db"), progress);
  for (int64_t id = 10'000; id < 10'500; ++id) wait(store->write(0, insert(id)));
  wait(kj::mv(copied));
  EXPECT_GT(progress->total.load(), 0u);
  EXPECT_EQ(progress->done.load(), progress->total.load());
  auto o = named();
  o.url = "sqlite:copy.db";
  auto copy = open(o);
  EXPECT_GE(rows(*copy), 3'000);
  EXPECT_THAT(wait(copy->integrity()), IsEmpty());
}

TEST_F(RestoreTest, NextOpenTakesTheBackupAndKeepsTheFormerStore) {
  auto store = withBackup();
  auto kept = wait(store->stageRestore(file("copy.db")));
  EXPECT_EQ(rows(*store), 3) << "nothing happens before the next open";
  store = nullptr;
  store = open(named());
  EXPECT_EQ(rows(*store), 2);
  EXPECT_EQ(store->replaced(), kept);
  store = nullptr;
  EXPECT_EQ(open(named())->replaced(), "") << "once";
  auto o = named();
  o.url = "sqlite:" + kept;
  EXPECT_EQ(rows(*open(o)), 3);
}

// The former store's log has a row that is not in its file yet, as after kill -9; the start that
// restores dies after each of its steps.
TEST_F(RestoreTest, InterruptedRestoreIsFinishedByTheNextOpen) {
  for (int step = 0; step < 3; ++step) {
    for (const auto& entry : fs::directory_iterator(directory)) fs::remove_all(entry.path());
    std::string kept;
    {
      auto store = withBackup();
      kept = wait(store->stageRestore(file("copy.db")));
      fs::copy_file(file("t.db"), file("dead.db"));
      fs::copy_file(file("t.db-wal"), file("dead.db-wal"));
    }
    fs::rename(file("dead.db"), file("t.db"));
    fs::rename(file("dead.db-wal"), file("t.db-wal"));
    if (step > 0) fs::create_hard_link(file("t.db"), kept);
    if (step > 0) fs::create_hard_link(file("t.db-wal"), kept + "-wal");
    if (step > 1) fs::remove(file("t.db-wal"));
    EXPECT_EQ(rows(*open(named())), 2) << step;
    auto o = named();
    o.url = "sqlite:" + kept;
    EXPECT_EQ(rows(*open(o)), 3) << step << ": the log goes with the file";
  }
}

TEST_F(RestoreTest, FormerStoreIsKeptThoughAnOlderOneHasTheName) {
  auto store = withBackup();
  auto first = wait(store->stageRestore(file("copy.db")));
  std::ofstream(first) << "an older one";
  auto second = wait(store->stageRestore(file("copy.db")));
  EXPECT_FALSE(fs::exists(second));
  store = nullptr;
  EXPECT_EQ(open(named())->replaced(), second);
  EXPECT_EQ(fs::file_size(first), 12u);
}

TEST_F(RestoreTest, AFileThatWasStagedByHandIsTakenThoughAnOlderOneHasTheName) {
  auto store = withBackup();
  auto first = wait(store->stageRestore(file("copy.db")));
  std::ofstream(first) << "an older one";
  store = nullptr;
  auto restored = open(named())->replaced();
  EXPECT_NE(restored, first);
  EXPECT_TRUE(fs::exists(restored));
  EXPECT_EQ(fs::file_size(first), 12u);
}

TEST_F(RestoreTest, WrongFilesAreRefusedAndNothingIsStaged) {
  auto store = withBackup();
  auto expect = [&](const char* name, const char* text) {
    EXPECT_THAT(failureOf(store->stageRestore(file(name))), HasSubstr(text)) << name;
    EXPECT_FALSE(fs::exists(file("t.db.restore"))) << name;
  };
  expect("nowhere.db", "there is no file");
  std::ofstream(file("text.db")) << std::string(9'000, 'x');
  expect("text.db", "not a database");
  std::ofstream(file("empty.db")).flush();
  expect("empty.db", "nothing to restore");

  auto other = named("another");
  other.url = "sqlite:other.db";
  wait(open(other)->close());
  expect("other.db", "is one of \"another\", not of \"trial\"");

  auto namesake = named("trial", "two");
  namesake.url = "sqlite:two.db";
  wait(open(namesake)->close());
  expect("two.db", "is one of the instance \"two\", not of \"one\"");
  wait(store->stageRestore(file("two.db"), true));
  fs::remove(file("t.db.restore"));

  auto newer = named();
  newer.url = "sqlite:newer.db";
  wait(open(newer)->write(0, [](Connection& c) {
    c.script("INSERT INTO maitred_schema (version, name) VALUES (9, 'later')");
  }));
  expect("newer.db", "has schema version 9");

  fs::copy_file(file("copy.db"), file("broken.db"));
  fs::resize_file(file("broken.db"), fs::file_size(file("broken.db")) - 4'096);
  expect("broken.db", "broken.db");
  EXPECT_EQ(rows(*store), 3);
}

TEST_F(RestoreTest, StoresOfOtherProgramsAreNotOpened) {
  wait(open(named("another"))->close());
  EXPECT_THAT(failureOf(Store::open(named())), HasSubstr("choose another file"));
  EXPECT_EQ(failure, kj::Exception::Type::FAILED);
  auto o = named();
  o.url = "sqlite:plain.db";
  {
    auto store = open(o);
    wait(store->write(
        0, [](Connection& c) { c.script("DROP TABLE maitred_schema; DROP TABLE maitred_fence"); }));
  }
  EXPECT_THAT(failureOf(Store::open(o)), HasSubstr("no store of maitred"));
}

TEST_F(RestoreTest, StagedFileThatIsWrongIsRefusedAndNothingChanges) {
  wait(withBackup()->close());
  std::ofstream(file("t.db.restore")) << std::string(9'000, 'x');
  EXPECT_NE(failureOf(Store::open(named())), "");
  fs::remove(file("t.db.restore"));
  EXPECT_EQ(rows(*open(named())), 3);
}

class CommandsTest : public RestoreTest {
 protected:
  ~CommandsTest() noexcept override {}
  using json = nlohmann::json;

  json ask(StoreCommands& commands, const char* name, const json& input = json::object()) {
    return json::parse(wait(commands.command(name, input.dump().c_str())).cStr());
  }
  std::string fault(StoreCommands& commands, const char* name, const char* input) {
    return failureOf(commands.command(name, input).ignoreResult());
  }
  json finish(StoreCommands& commands, const json& begun) {
    for (;;) {
      auto state = ask(commands, "store-task", begun);
      if (state["over"] == true) return state;
      wait(io.provider->getTimer().afterDelay(1 * kj::MILLISECONDS));
    }
  }
};

TEST_F(CommandsTest, BackUpCheckAndStage) {
  auto store = open(named());
  StoreCommands commands;
  commands.add("main", *store, [] {
    return kj::Promise<std::vector<std::string>>(std::vector<std::string>{"job 7 is odd"});
  });
  EXPECT_EQ(ask(commands, "store-list")[0]["store"], "main");
  auto backup = finish(commands, ask(commands, "store-backup", {{"file", file("copy.db")}}));
  EXPECT_EQ(backup["fault"], "");
  EXPECT_TRUE(fs::exists(file("copy.db")));
  auto again = finish(commands, ask(commands, "store-backup", {{"file", file("copy.db")}}));
  EXPECT_THAT(again["fault"].get<std::string>(), HasSubstr("not overwritten"));
  auto check = finish(commands, ask(commands, "store-check", {{"store", "main"}}));
  EXPECT_THAT(check["findings"].get<std::vector<std::string>>(), ElementsAre("job 7 is odd"));
  auto stage = finish(commands, ask(commands, "store-stage", {{"file", file("copy.db")}}));
  EXPECT_EQ(stage["fault"], "");
  EXPECT_THAT(stage["kept"].get<std::string>(), HasSubstr("t.db.before-"));
}

TEST_F(CommandsTest, WrongQuestionsGetASentence) {
  StoreCommands commands;
  EXPECT_THAT(fault(commands, "store-check", "{}"), HasSubstr("not open yet"));
  auto store = open(named());
  commands.add("main", *store);
  commands.add("archive", *store);
  EXPECT_THAT(fault(commands, "store-backup", "[1]"), HasSubstr("a JSON object is expected"));
  EXPECT_THAT(fault(commands, "store-backup", "{"), HasSubstr("a JSON object is expected"));
  EXPECT_THAT(fault(commands, "store-backup", "{}"), HasSubstr("absolute path"));
  EXPECT_THAT(fault(commands, "store-backup", R"({"file":"copy.db"})"), HasSubstr("absolute path"));
  EXPECT_THAT(fault(commands, "store-backup", R"({"file":7})"), HasSubstr("must be a string"));
  EXPECT_THAT(fault(commands, "store-check", R"({"store":"mian"})"),
              HasSubstr("there are: main, archive"));
  EXPECT_THAT(fault(commands, "store-task", R"({"task":1})"), HasSubstr("no such task"));
  EXPECT_THAT(fault(commands, "store-what", "{}"), HasSubstr("no such command"));
  auto begun = ask(commands, "store-check");
  EXPECT_THAT(fault(commands, "store-check", "{}"), HasSubstr("a check is under way"));
  EXPECT_EQ(finish(commands, begun)["fault"], "");
}

}  // namespace
}  // namespace maitred::store
