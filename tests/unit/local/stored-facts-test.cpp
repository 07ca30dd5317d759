// Files beside a sandbox that a bad disk, or somebody, has changed.
#include "stored-facts.h"
#include "shim/record-files.h"
#include "work-folder.h"

#include <maitred/testing/harness.h>

#include <gtest/gtest.h>
#include <kj/io.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include <fcntl.h>

namespace maitred::local {
namespace {

namespace fs = std::filesystem;

class StoredFactsTest : public ::testing::Test {
 protected:
  StoredFactsTest() {
    fs::create_directories(path);
    folder = kj::AutoCloseFd(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  }
  ~StoredFactsTest() noexcept override {}

  void writeRecord() {
    capnp::MallocMessageBuilder message;
    auto record = message.initRoot<Record>();
    record.setTaskId("t");
    record.setNodeId("kitchen");
    record.setStartedAt(5);
    ASSERT_TRUE(writeMessage(folder, RECORD, message));
  }
  void writeEnd(const char* name, backend::TaskState state) {
    capnp::MallocMessageBuilder message;
    auto ended = message.initRoot<Ended>();
    ended.setState(state);
    ended.setMessage("exit code 0");
    ASSERT_TRUE(writeMessage(folder, name, message));
  }
  void replace(const char* name, const std::string& from, const std::string& to) {
    auto file = path + "/" + name;
    std::stringstream text;
    text << std::ifstream(file, std::ios::binary).rdbuf();
    std::string bytes = text.str();
    size_t at = bytes.find(from);
    ASSERT_NE(at, std::string::npos);
    std::ofstream(file, std::ios::binary) << bytes.replace(at, to.size(), to);
  }

  testing::TemporaryDirectory temp;
  WorkFolder work{temp.path() + "/work"};
  std::string path = work.path() + "/tasks/queue/t";
  kj::AutoCloseFd folder;
  backend::TaskKey key{"queue", "t"};
};

TEST_F(StoredFactsTest, WholeFilesAreRead) {
  EXPECT_FALSE(readFacts(folder));
  EXPECT_FALSE(work.look(key).recorded);
  writeRecord();
  writeEnd(ENDED, backend::TaskState::SUCCEEDED);
  ASSERT_TRUE(readFacts(folder));
  EXPECT_EQ(readFacts(folder)->nodeId, "kitchen");
  EXPECT_EQ(readEnd(folder, ENDED)->ending.message, "exit code 0");
  EXPECT_FALSE(work.look(key).damaged);
}

TEST_F(StoredFactsTest, ATextWithoutItsEndIsDamage) {
  writeRecord();
  replace(RECORD, std::string("kitchen") + '\0', "kitchen!");
  EXPECT_FALSE(readFacts(folder));
  auto found = work.look(key);
  EXPECT_TRUE(found.damaged);
  EXPECT_TRUE(found.recorded) << "it may have run: its folder has to stay";
  writeEnd(ENDED, backend::TaskState::SUCCEEDED);
  replace(ENDED, std::string("code 0") + '\0', "code 0!");
  EXPECT_FALSE(readEnd(folder, ENDED));
}

TEST_F(StoredFactsTest, AnEndThatIsNoneIsDamage) {
  writeRecord();
  writeEnd(REPORTED, backend::TaskState::SUCCEEDED);
  writeEnd(ENDED, backend::TaskState::RUNNING);
  EXPECT_FALSE(readEnd(folder, ENDED));
  auto found = work.look(key);
  ASSERT_TRUE(found.end);
  EXPECT_EQ(found.end->ending.state, backend::TaskState::SUCCEEDED);
  EXPECT_TRUE(found.reported);
}

TEST_F(StoredFactsTest, EveryByteTurned_NeverThrows) {
  writeRecord();
  auto file = path + "/" + RECORD;
  auto size = fs::file_size(file);
  for (size_t at = 0; at < size; ++at) {
    writeRecord();
    std::fstream stream(file, std::ios::binary | std::ios::in | std::ios::out);
    stream.seekg(static_cast<std::streamoff>(at));
    char byte = static_cast<char>(stream.get() ^ 0xff);
    stream.seekp(static_cast<std::streamoff>(at));
    stream.put(byte).flush();
    EXPECT_TRUE(work.look(key).recorded) << at;
  }
}

}  // namespace
}  // namespace maitred::local
