// The journal: what it owes, and how completed jobs leave the queue.
#include "records-fixture.h"

#include <store/journal.h>

namespace maitred::cook {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class JournalTest : public RecordsTest {
 protected:
  JournalTest() { start(); }
  ~JournalTest() noexcept override {}

  // As after the end of the process.
  void start() {
    journal = nullptr;
    archive = nullptr;
    records = nullptr;
    book = kj::heap<Book>();
    records = open();
    archive = wait(Archive::open({.url = "sqlite:q.db", .directory = folder.path()}));
    for (Job& one : wait(records->load())) book->add(std::move(one));
    journal = kj::heap<Journal>(*book, *records, io.provider->getTimer(), log);
    journal->loaded(wait(records->loadCounters()));
  }

  void submit(std::vector<std::uint64_t> numbers) {
    std::vector<Job> jobs;
    for (std::uint64_t n : numbers) jobs.push_back(job(n));
    wait(journal->insert(std::move(jobs)));
  }
  void complete(std::uint64_t n, std::int64_t atMs) {
    ASSERT_TRUE(book->kill(*book->find(id(n)), atMs));
    wait(journal->flush());
  }
  std::size_t prune(std::int64_t beforeMs, bool toArchive = true) {
    Journal::PruneRule rule{5'000, beforeMs, 1'000'000};
    if (toArchive) rule.archive = *archive;
    return wait(journal->prune(rule));
  }
  std::vector<std::string> idsIn(store::Store& store) {
    return wait(store.read([](store::Connection& db) {
      std::vector<std::string> ids;
      for (auto& [id] : db.all<std::string>("SELECT uuid FROM jobs ORDER BY uuid")) {
        ids.push_back(id);
      }
      return ids;
    }));
  }
  void script(store::Store& store, std::string sql) {
    wait(store.write(0, [sql](store::Connection& db) { db.script(sql); }));
  }

  log::Logger log{[](log::Level, kj::StringPtr) {}, log::Level::error};
  kj::Own<Book> book;
  kj::Own<Records> records;
  kj::Own<Archive> archive;
  kj::Own<Journal> journal;
};

constexpr const char NO_DELETE[] =
    "CREATE TRIGGER stuck BEFORE DELETE ON jobs BEGIN SELECT raise(ABORT, 'stuck'); END";

TEST_F(JournalTest, OldJobsGoToTheArchiveWithTheirInstances) {
  submit({1, 2, 3});
  Instance* one = book->start(*book->find(id(1)), id(900), {"local", "n", "h"}, 50);
  ASSERT_NE(one, nullptr);
  Report end;
  end.status = InstanceStatus::success;
  end.atMs = 60;
  ASSERT_TRUE(book->report(id(900), end, 60));
  complete(2, 200);
  EXPECT_EQ(prune(100), 1u) << "2 ended later, 3 waits";
  EXPECT_EQ(book->find(id(1)), nullptr);
  EXPECT_THAT(idsIn(records->store()), ElementsAre(id(2).text(), id(3).text()));
  EXPECT_EQ(count(*records, "SELECT count(*) FROM instances"), 0);
  EXPECT_THAT(idsIn(archive->store()), ElementsAre(id(1).text()));
  auto row = wait(archive->store().read([](store::Connection& db) {
    return *db.first<std::string, std::int64_t, std::string>(
        "SELECT j.state, j.archived_ms, i.status FROM jobs j JOIN instances i ON i.job = j.uuid");
  }));
  EXPECT_EQ(row, std::make_tuple("completed", 5'000, "success"));
}

TEST_F(JournalTest, DeathBetweenArchiveAndDeletionChangesNothing) {
  submit({1, 2});
  complete(1, 10);
  // Archived, and then the process ends before anything is deleted.
  auto jobs = wait(records->load());
  wait(archive->put(0, shared({jobs.at(0)}), 4'000));
  start();
  ASSERT_NE(book->find(id(1)), nullptr);
  EXPECT_EQ(prune(100), 1u);
  EXPECT_THAT(idsIn(archive->store()), ElementsAre(id(1).text()));
  EXPECT_THAT(idsIn(records->store()), ElementsAre(id(2).text()));
}

TEST_F(JournalTest, NothingIsForgottenThatTheArchiveDoesNotHave) {
  submit({1});
  complete(1, 10);
  script(archive->store(),
         "CREATE TRIGGER no BEFORE INSERT ON jobs BEGIN SELECT raise(ABORT, 'no room'); END");
  Journal::PruneRule rule{5'000, 100, 1'000'000, *archive};
  EXPECT_THAT(failureOf(journal->prune(rule).ignoreResult()), HasSubstr("no room"));
  EXPECT_NE(book->find(id(1)), nullptr);
  EXPECT_THAT(idsIn(records->store()), SizeIs(1));
  script(archive->store(), "DROP TRIGGER no");
  EXPECT_EQ(prune(100), 1u) << "and it goes on";
}

TEST_F(JournalTest, DeletionThatFailedIsMadeUpFor) {
  submit({1});
  complete(1, 10);
  script(records->store(), NO_DELETE);
  Journal::PruneRule rule{5'000, 100, 1'000'000, *archive};
  EXPECT_THAT(failureOf(journal->prune(rule).ignoreResult()), HasSubstr("stuck"));
  EXPECT_EQ(book->find(id(1)), nullptr);
  EXPECT_TRUE(journal->pending(id(1))) << "the store still has it: the id is taken";
  script(records->store(), "DROP TRIGGER stuck");
  EXPECT_EQ(prune(0), 1u);
  EXPECT_FALSE(journal->pending(id(1)));
  EXPECT_THAT(idsIn(records->store()), IsEmpty());
}

TEST_F(JournalTest, JobThatIsTriedAgainMeanwhileStays) {
  submit({1});
  complete(1, 10);
  Journal::PruneRule rule{5'000, 100, 1'000'000, *archive};
  auto pruned = journal->prune(rule);
  // Anything that changes it while the archive is being written.
  book->find(id(1))->sequence = book->nextSequence();
  EXPECT_EQ(wait(kj::mv(pruned)), 0u);
  EXPECT_NE(book->find(id(1)), nullptr);
}

TEST_F(JournalTest, NumbersOfForgottenJobsAreNotGivenOutAgain) {
  submit({1, 2});
  complete(2, 10);
  auto order = book->order();
  auto sequence = book->sequence();
  EXPECT_EQ(prune(100, false), 1u);
  EXPECT_THAT(idsIn(archive->store()), IsEmpty());
  start();
  EXPECT_EQ(book->order(), order);
  EXPECT_EQ(book->sequence(), sequence);
  EXPECT_EQ(journal->durableSequence(), sequence);
}

TEST_F(JournalTest, ArchiveIsTrimmedByAge) {
  submit({1, 2});
  complete(1, 10);
  complete(2, 20);
  auto jobs = wait(records->load());
  wait(archive->put(0, shared({jobs.at(0)}), 1'000));
  wait(archive->put(0, shared({jobs.at(1)}), 2'000));
  EXPECT_EQ(wait(archive->trim(0, 1'500, 10)), 1u);
  EXPECT_THAT(idsIn(archive->store()), ElementsAre(id(2).text()));
}

TEST_F(JournalTest, ClockThatJumpsBackKeepsJobsLongerAndTheNumberStillBoundsThem) {
  submit({1, 2, 3});
  complete(1, 900'000);
  complete(2, 5'000);  // after the jump
  EXPECT_EQ(prune(4'000), 0u);
  Journal::PruneRule rule{6'000, 4'000, 1, *archive};
  EXPECT_EQ(wait(journal->prune(rule)), 1u);
  EXPECT_THAT(idsIn(archive->store()), ElementsAre(id(2).text()))
      << "the one that says it is older";
  EXPECT_THAT(idsIn(records->store()), SizeIs(2));
}

TEST_F(JournalTest, WhatIsDurableEndsBeforeAnInsertionThatIsUnderWay) {
  submit({1});
  auto before = journal->durableSequence();
  std::vector<Job> more{job(2), job(3)};
  auto inserted = journal->insert(std::move(more));
  EXPECT_TRUE(journal->pending(id(3)));
  EXPECT_EQ(journal->durableSequence(), before);
  wait(kj::mv(inserted));
  EXPECT_FALSE(journal->pending(id(3)));
  EXPECT_EQ(journal->durableSequence(), before + 2);
}

TEST_F(JournalTest, GroupsAreKnownFromTheirFirstWordToTheirLastJob) {
  GroupRow row{{.id = id(50), .name = "g"}, 10}, empty{{.id = id(51)}, 10};
  Job one = job(1);
  one.spec.group = id(50);
  one.spec.groupName = "other";
  auto inserted = journal->insert({one}, {row, empty});
  EXPECT_TRUE(journal->pendingGroup(id(50)));
  EXPECT_FALSE(book->groupExists(id(50)));
  wait(kj::mv(inserted));
  EXPECT_FALSE(journal->pendingGroup(id(50)));
  EXPECT_THAT(book->jobsOf(id(50)), ElementsAre(book->find(id(1))));
  EXPECT_EQ(book->find(id(1))->spec.groupName, "g") << "a job has its group's name";
  EXPECT_TRUE(book->groupExists(id(51)));
  EXPECT_EQ(prune(10), 0u);
  EXPECT_TRUE(book->groupExists(id(51))) << "it is not that old";
  complete(1, 20);
  EXPECT_EQ(prune(30), 1u);
  EXPECT_FALSE(book->groupExists(id(50)));
  EXPECT_FALSE(book->groupExists(id(51)));
  EXPECT_THAT(wait(records->loadAdministration()).groups, IsEmpty());
  EXPECT_FALSE(journal->pendingGroup(id(50)));
}

TEST_F(JournalTest, AGroupThatCannotBeDeletedYetIsNotGivenAgain) {
  GroupRow row{{.id = id(50), .name = "g"}, 10};
  wait(journal->insert({}, {row}));
  script(records->store(),
         "CREATE TRIGGER no BEFORE DELETE ON groups BEGIN SELECT raise(ABORT, 'stuck'); END");
  EXPECT_THAT(failureOf(journal->prune({60, 50, SIZE_MAX, *archive})), HasSubstr("stuck"));
  EXPECT_FALSE(book->groupExists(id(50)));
  EXPECT_TRUE(journal->pendingGroup(id(50)));
  script(records->store(), "DROP TRIGGER no");
  wait(journal->prune({60, 50, SIZE_MAX, *archive}));
  EXPECT_FALSE(journal->pendingGroup(id(50)));
  EXPECT_THAT(wait(records->loadAdministration()).groups, IsEmpty());
}

TEST_F(JournalTest, NoteIsWrittenWithTheChange) {
  submit({1});
  AuditLine line{7, "root", "", "job.kill", id(1).text(), "waiting", "completed", ""};
  book->kill(*book->find(id(1)), 70);
  journal->note(line);
  wait(journal->flush());
  EXPECT_THAT(wait(records->audit(5)), ElementsAre(line));
  EXPECT_EQ(wait(records->load()).at(0).state, JobState::completed);
}

TEST_F(JournalTest, NoteIsOwedUntilItIsDurable) {
  submit({1});
  script(records->store(),
         "CREATE TRIGGER no BEFORE INSERT ON audit BEGIN SELECT raise(ABORT, 'no ink'); END");
  AuditLine first{7, "root", "", "a", "", "", "", ""}, second{8, "root", "", "b", "", "", "", ""};
  book->kill(*book->find(id(1)), 70);
  journal->note(first);
  EXPECT_THAT(failureOf(journal->flush()), HasSubstr("no ink"));
  EXPECT_EQ(wait(records->load()).at(0).state, JobState::waiting);
  EXPECT_THAT(journal->trouble(), HasSubstr("no ink"));
  journal->note(second);
  script(records->store(), "DROP TRIGGER no");
  wait(journal->flush());
  EXPECT_THAT(wait(records->audit(5)), ElementsAre(second, first));
  EXPECT_EQ(wait(records->load()).at(0).state, JobState::completed);
  EXPECT_EQ(journal->trouble(), "");
}

TEST_F(JournalTest, FaultOfOneSubmissionDoesNotStopTheQueue) {
  submit({1});
  Job bad = job(2);
  bad.spec.labels = {{"team", "\xff"}};  // cannot be JSON
  std::vector<Job> jobs{bad};
  EXPECT_NE(failureOf(journal->insert(std::move(jobs))), "");
  EXPECT_FALSE(journal->pending(id(2)));
  EXPECT_EQ(journal->trouble(), "");
}

TEST(ArchiveUrl, IsBesideTheStore) {
  EXPECT_EQ(Archive::urlFor("sqlite:cook.db"), "sqlite:cook-archive.db");
  EXPECT_EQ(Archive::urlFor("sqlite:/var/lib/jobs"), "sqlite:/var/lib/jobs-archive");
}

}  // namespace
}  // namespace maitred::cook
