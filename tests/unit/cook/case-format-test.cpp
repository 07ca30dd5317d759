// The bytes of a case file: what was written is read, and whatever else they may be is said.
#include "case-history.h"

#include <case/files.h>
#include <case/replay.h>

#include <boost/crc.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>

namespace maitred::cook {
namespace {

using ::testing::HasSubstr;

std::string aFile(int steps = 12) {
  CaseHistory::Options options;
  options.rotations = false;
  options.jobsMost = 30;
  CaseHistory history(5, options);
  for (int i = 0; i < steps; ++i) history.step();
  return history.files().front();
}

// How many records can be read, and what was said.
struct Outcome {
  std::size_t records = 0, torn = 0;
  std::string damage;
};

Outcome readAll(const std::string& bytes) {
  Outcome outcome;
  try {
    FrameReader frames("f.case", bytes);
    while (frames.next()) ++outcome.records;
    outcome.torn = frames.torn();
  } catch (const CaseDamage& damage) {
    outcome.damage = damage.what();
  }
  return outcome;
}

Outcome replayAll(const std::string& bytes) {
  Outcome outcome;
  CaseReplay replay({});
  try {
    replay.add("f.case", bytes);
  } catch (const CaseDamage& damage) {
    outcome.damage = damage.what();
  }
  outcome.records = replay.report().cycles;
  return outcome;
}

TEST(CaseFormat, RecordsComeBackInTheirOrder) {
  std::string bytes = casePreamble();
  for (std::uint64_t i = 1; i <= 5; ++i) {
    capnp::MallocMessageBuilder message;
    message.initRoot<casefile::Record>().initCycle().setNumber(i);
    appendFrame(bytes, message);
  }
  CaseReader reader("f.case", bytes);
  for (std::uint64_t i = 1; i <= 5; ++i) {
    ASSERT_TRUE(reader.next());
    EXPECT_EQ(reader.record().getCycle().getNumber(), i);
    EXPECT_THAT(reader.place(), HasSubstr("f.case: record " + std::to_string(i) + " at offset "));
  }
  EXPECT_FALSE(reader.next());
  EXPECT_EQ(reader.torn(), 0u);
}

TEST(CaseFormat, ATornTailIsRecognisedWhereverItIsTorn) {
  std::string bytes = aFile();
  std::size_t whole = readAll(bytes).records, before = 0;
  ASSERT_GT(whole, 10u);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    Outcome outcome = readAll(bytes.substr(0, size));
    ASSERT_EQ(outcome.damage, "") << size;
    ASSERT_GE(outcome.records, before) << "what was whole is used";
    before = outcome.records;
  }
  EXPECT_EQ(before, whole - 1);
  Outcome zeros = readAll(bytes + std::string(4096, 0));
  EXPECT_EQ(zeros.damage, "");
  EXPECT_EQ(zeros.records, whole);
  EXPECT_EQ(zeros.torn, 4096u);
}

TEST(CaseFormat, EveryByteTurnedIsNoticed) {
  std::string bytes = aFile(4);
  std::size_t whole = readAll(bytes).records;
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    std::string turned = bytes;
    turned[at] = static_cast<char>(turned[at] ^ (1 << at % 8));
    Outcome outcome = readAll(turned);
    ASSERT_TRUE(!outcome.damage.empty() || outcome.torn != 0) << at;
    ASSERT_LT(outcome.records, whole) << at;
    if (at % 11 == 0) replayAll(turned);  // does not crash
  }
}

// With right checksums around wrong content, as a foreign writer may make it.
TEST(CaseFormat, WrongContentIsRefusedOrHarmless) {
  std::string bytes = aFile(4);
  FrameReader frames("f.case", bytes);
  std::vector<std::string> bodies;
  while (auto frame = frames.next()) bodies.emplace_back(frame->body);
  std::mt19937_64 random(1);
  std::size_t refused = 0;
  for (int i = 0; i < 400; ++i) {
    std::string other = casePreamble();
    std::size_t which = random() % bodies.size();
    for (std::size_t n = 0; n < bodies.size(); ++n) {
      std::string body = bodies[n];
      if (n == which) body[random() % body.size()] ^= static_cast<char>(1 << random() % 8);
      // Unpacked and packed again where that is possible: as a frame of its own.
      try {
        kj::ArrayInputStream stream(
            kj::arrayPtr(reinterpret_cast<const kj::byte*>(body.data()), body.size()));
        capnp::PackedMessageReader message(stream);
        capnp::MallocMessageBuilder copy;
        copy.setRoot(message.getRoot<casefile::Record>());
        appendFrame(other, copy);
      } catch (const kj::Exception&) {
      }
    }
    refused += !replayAll(other).damage.empty();
  }
  EXPECT_GT(refused, 20u);
}

TEST(CaseFormat, ForeignAndNewerFilesAreRefused) {
  EXPECT_THAT(readAll("PK\3\4 something else altogether").damage,
              HasSubstr("f.case: is no case file"));
  std::string newer(CASE_MAGIC);
  newer += std::string("\x02\0\0\0", 4);
  EXPECT_THAT(readAll(newer + "1234").damage, HasSubstr("their checksum is wrong"));
  boost::crc_32_type crc;
  crc.process_bytes(newer.data(), newer.size());
  for (int shift = 0; shift < 32; shift += 8) {
    newer.push_back(static_cast<char>(crc.checksum() >> shift));
  }
  EXPECT_THAT(readAll(newer).damage, HasSubstr("f.case: has format 2"));
}

TEST(CaseFormat, ADamagedRecordIsNamedWithItsPlace) {
  std::string bytes = aFile();
  FrameReader frames("f.case", bytes);
  frames.next();
  auto second = *frames.next();
  bytes[second.offset + CASE_FRAME_HEAD] ^= 1;
  EXPECT_THAT(readAll(bytes).damage,
              HasSubstr("f.case: record 2 at offset " + std::to_string(second.offset)));
}

class Files : public ::testing::Test {
 protected:
  std::string folder = ::testing::TempDir() + "/cases-" + std::to_string(getpid()) + "/deep/cases";
  void TearDown() override {
    std::filesystem::remove_all(std::filesystem::path(folder).parent_path().parent_path());
  }
  std::vector<std::string> names() const {
    std::vector<std::string> found;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      found.push_back(entry.path().filename().string());
    }
    std::sort(found.begin(), found.end());
    return found;
  }
};

TEST_F(Files, OnlyTheOwnerReadsThemAndTheOldestGo) {
  CaseFiles files(folder, 2);
  for (int i = 0; i < 4; ++i) {
    files.begin();
    EXPECT_EQ(files.append("abc"), 3u);
    EXPECT_EQ(files.append("de"), 5u);
  }
  std::ofstream(folder + "/notes.txt") << "mine";
  EXPECT_THAT(names(), ::testing::ElementsAre("00000002.case", "00000003.case", "00000004.case",
                                            "notes.txt"));
  files.prune();
  EXPECT_THAT(names(), ::testing::ElementsAre("00000003.case", "00000004.case", "notes.txt"));
  struct stat facts;
  ASSERT_EQ(stat((folder + "/00000004.case").c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777, 0600u);
  ASSERT_EQ(stat(folder.c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777, 0700u);
  EXPECT_EQ(readCaseFile(folder + "/00000004.case"), "abcde");
  files.discard();
  EXPECT_THAT(names(), ::testing::ElementsAre("00000003.case", "notes.txt"));
}

TEST_F(Files, ASecondQueueIsKeptOut) {
  CaseFiles files(folder, 2);
  files.begin();
  CaseFiles other(folder, 2);
  KJ_IF_MAYBE (exception, kj::runCatchingExceptions([&] { other.begin(); })) {
    EXPECT_THAT(exception->getDescription().cStr(), HasSubstr("in use by another queue"));
  } else {
    ADD_FAILURE() << "both write there";
  }
}

TEST_F(Files, AFullDiskIsSaidWithThePath) {
  CaseFiles files(folder, 2);
  files.begin();
  rlimit before;
  getrlimit(RLIMIT_FSIZE, &before);
  rlimit small{10'000, before.rlim_max};
  auto handler = std::signal(SIGXFSZ, SIG_IGN);
  setrlimit(RLIMIT_FSIZE, &small);
  auto exception = kj::runCatchingExceptions([&] { files.append(std::string(20'000, 'x')); });
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  KJ_IF_MAYBE (full, exception) {
    EXPECT_THAT(full->getDescription().cStr(), HasSubstr("00000001.case: cannot be written"));
  } else {
    ADD_FAILURE() << "the disk took more than there is room for";
  }
}

TEST_F(Files, AFolderStandsForItsFiles) {
  EXPECT_THROW(caseFilesAt(folder + "/none/x.case").empty() ||
                   readCaseFile(folder + "/none/x.case").empty(),
               CaseDamage);
  std::filesystem::create_directories(folder);
  EXPECT_THROW(caseFilesAt(folder), CaseDamage);
  CaseFiles files(folder, 5);
  files.begin();
  files.begin();
  EXPECT_THAT(caseFilesAt(folder), ::testing::ElementsAre(folder + "/00000001.case",
                                                        folder + "/00000002.case"));
}

}  // namespace
}  // namespace maitred::cook
