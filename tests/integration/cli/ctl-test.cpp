#include "host/admin/admin-server.h"
#include "host/log/logs.h"
#include "run-maitred.h"
#include "tests/unit/host-admin/fake-control.h"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <kj/async-io.h>

#include <future>
#include <thread>

namespace maitred::host {
namespace {

using test::maitred;
using test::Outcome;
using ::testing::HasSubstr;
using Words = std::vector<std::string>;

// An admin socket with a made-up host behind it, on a thread with a loop of its own.
class CtlTest : public ::testing::Test {
 protected:
  ~CtlTest() noexcept override {}

  void SetUp() override {
    std::promise<void> ready;
    thread = std::thread([this, &ready]() {
      auto io = kj::setupAsyncIo();
      test::FakeControl control;
      Logs logs({LogLevel::info, LogFormat::text, folder / "host.log"});
      logs.instance("cook");
      AdminServer server(folder / "admin.sock", control, logs, *io.lowLevelProvider);
      auto paf = kj::newPromiseAndCrossThreadFulfiller<void>();
      stop = kj::mv(paf.fulfiller);
      ready.set_value();
      paf.promise.wait(io.waitScope);
    });
    ready.get_future().wait();
  }
  void TearDown() override {
    stop->fulfill();
    thread.join();
  }

  Outcome ctl(Words words, const std::string& input = "") {
    words.insert(words.begin(), "ctl");
    for (auto word : {std::string("--socket"), folder / "admin.sock"}) words.push_back(word);
    return maitred(words, {.folder = folder.path, .input = input});
  }

  test::TempFolder folder;
  kj::Own<kj::CrossThreadPromiseFulfiller<void>> stop;
  std::thread thread;
};

TEST_F(CtlTest, Status_ShowsTheInstances) {
  auto result = ctl({"status"});
  EXPECT_EQ(result.exitCode, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("maitred 1.2.3, running, pid 77"));
  EXPECT_THAT(result.out, HasSubstr("INSTANCE  PLUGIN         VERSION  STATE "));
  EXPECT_THAT(result.out, HasSubstr("3.0MiB"));
  auto json = nlohmann::json::parse(ctl({"status", "--json"}).out);
  EXPECT_EQ(json["state"], "running");
  EXPECT_EQ(json["instances"][1]["last_failure"], "killed by signal 9");
  EXPECT_EQ(json["started_at"], 1700000000000000000);
}

TEST_F(CtlTest, StatusOfOne_ShowsThePostMortem) {
  auto result = ctl({"status", "cook"});
  EXPECT_THAT(result.out, HasSubstr("killed by signal 9"));
  EXPECT_THAT(result.out, HasSubstr("error: out of eggs"));
  auto unknown = ctl({"status", "chef"});
  EXPECT_EQ(unknown.exitCode, 1);
  EXPECT_THAT(unknown.err, HasSubstr("no instance \"chef\""));
}

TEST_F(CtlTest, Grants_ShowTheEdges) {
  auto result = ctl({"grants"});
  EXPECT_THAT(result.out, HasSubstr("cook      backends     local     Backend    connected"));
  EXPECT_THAT(result.out, HasSubstr("<100us"));
  auto json = nlohmann::json::parse(ctl({"grants", "--json"}).out);
  EXPECT_EQ(json[0]["calls"], 10);
}

TEST_F(CtlTest, Reload_TellsWhetherItWasAccepted) {
  auto refused = ctl({"reload"});
  EXPECT_EQ(refused.exitCode, 1);
  EXPECT_THAT(refused.err, HasSubstr("maitred.yaml:3:1: error: no"));
  auto dry = ctl({"reload", "--dry-run"});
  EXPECT_EQ(dry.exitCode, 0);
  EXPECT_THAT(dry.out, HasSubstr("cook      restarted  listen.rest"));
  auto json = nlohmann::json::parse(ctl({"reload", "--dry-run", "--json"}).out);
  EXPECT_EQ(json["changes"][0]["action"], "restarted");
}

TEST_F(CtlTest, Orders_ReachTheHost) {
  EXPECT_EQ(ctl({"restart", "cook"}).exitCode, 0);
  auto unknown = ctl({"restart", "chef"});
  EXPECT_EQ(unknown.exitCode, 1);
  EXPECT_THAT(unknown.err, HasSubstr("there is no such instance"));
  EXPECT_EQ(ctl({"drain", "cook", "--deadline", "0.5"}).exitCode, 0);
  EXPECT_EQ(ctl({"drain"}).exitCode, 64);
  EXPECT_EQ(ctl({"drain", "cook", "--all"}).exitCode, 64);
  EXPECT_EQ(ctl({"drain", "cook", "--deadline", "-1"}).exitCode, 64);
  EXPECT_EQ(ctl({"reopen-logs"}).exitCode, 0);
  EXPECT_EQ(ctl({"config"}).out, "host: {}\n");
}

TEST_F(CtlTest, LogLevel_IsShownAndSet) {
  EXPECT_EQ(ctl({"log-level", "cook"}).out, "cook: info\n");
  EXPECT_EQ(ctl({"log-level", "cook", "debug"}).out, "cook: debug\n");
  EXPECT_EQ(ctl({"log-level", "host"}).out, "host: info\n");
  EXPECT_EQ(ctl({"log-level", "cook", "loud"}).exitCode, 1);
}

TEST_F(CtlTest, Ask_TakesInputFromWordsAndStandardInput) {
  EXPECT_EQ(ctl({"ask", "cook", "why", "{}"}).out, "cook/why/{}\n");
  EXPECT_EQ(ctl({"ask", "cook", "why", "-"}, "piped").out, "cook/why/piped\n");
  EXPECT_EQ(ctl({"ask", "cook", "why"}).out, "cook/why/\n");
}

TEST_F(CtlTest, Metrics_AreText) {
  EXPECT_THAT(ctl({"metrics"}).out, HasSubstr("maitred_host_info{version=\"1.2.3\"} 1\n"));
}

TEST_F(CtlTest, SocketOfAConfig_IsFound) {
  folder.write("maitred.yaml", "host:\n  admin: { socket: ./admin.sock }\nplugins: []\n");
  auto result = maitred({"ctl", "status"}, {.folder = folder.path});
  EXPECT_EQ(result.exitCode, 0) << result.err;
  folder.write("other.yaml", "host:\n  state: ./elsewhere\nplugins: []\n");
  auto other = maitred({"ctl", "status", "--config", "other.yaml"}, {.folder = folder.path});
  EXPECT_EQ(other.exitCode, 69);
  EXPECT_THAT(other.err, HasSubstr("elsewhere/admin.sock"));
}

TEST(Ctl, WithoutAHost_SaysWhereItLooked) {
  test::TempFolder folder;
  auto result = maitred({"ctl", "status", "--socket", folder / "absent.sock"});
  EXPECT_EQ(result.exitCode, 69);
  EXPECT_THAT(result.err, HasSubstr("no host answers at " + (folder / "absent.sock")));
  EXPECT_EQ(maitred({"ctl", "status"}, {.folder = folder.path}).exitCode, 69);
}

TEST(Ctl, SilentHost_EndsInATimeout) {
  test::TempFolder folder;
  auto path = folder / "silent.sock";
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  ASSERT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(listen(fd, 5), 0);
  auto result = maitred({"ctl", "status", "--socket", path, "--timeout", "0.2"});
  EXPECT_EQ(result.exitCode, 75);
  EXPECT_THAT(result.err, HasSubstr("--timeout"));
  close(fd);
}

}  // namespace
}  // namespace maitred::host
