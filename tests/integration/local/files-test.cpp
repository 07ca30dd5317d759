// The files endpoint as its clients meet it: the finished plugin, a real socket, sandboxes on disk.
#include "local.capnp.h"

#include <maitred/http/client.h>
#include <maitred/http/query.h>
#include <maitred/testing/harness.h>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <random>

#include <sys/stat.h>
#include <unistd.h>

namespace maitred::local {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr uint64_t READ_MAX = 4096;

class FilesEndpointTest : public ::testing::TestWithParam<testing::Isolation> {
 protected:
  FilesEndpointTest() : listening(testing::listenOnLoopback()) {
    plugin = kj::heap<testing::PluginUnderTest>(
        io, testing::PluginUnderTest::Options{
                .library = MAITRED_PLUGIN_DIR "/maitred-local.so",
                .isolation = GetParam(),
                .stateDirectory = temp.path(),
                .policyPath = {},
                .listeners = {{"files", listening.fd.get()}},
            });
    fill(plugin->config<LocalConfig>());
    plugin->start();
    sandbox = temp.path() + "/work/tasks/queue/t/sandbox";
    fs::create_directories(sandbox + "/deep");
    write(sandbox + "/stdout", "0123456789");
    write(sandbox + "/../record", "secret");
    write(temp.path() + "/secret", "secret");
  }
  ~FilesEndpointTest() noexcept override {
    KJ_IF_MAYBE (exception, kj::runCatchingExceptions([&]() { plugin->stop(); })) {
      ADD_FAILURE() << exception->getDescription().cStr();
    }
  }

  void fill(LocalConfig::Builder config) {
    config.initRunAs().setHost();
    config.setAllowRoot(true);
    config.setLimits(LimitMode::NONE);
    config.setReadMax(READ_MAX);
    config.setWorkDirectory((temp.path() + "/work").c_str());
  }
  static void write(const std::string& path, const std::string& text) {
    std::ofstream(path) << text;
  }
  http::ClientResponse send(const std::string& target, const std::string& method = "GET") {
    http::Client client(io.provider->getNetwork(), io.provider->getTimer());
    http::ClientRequest request;
    request.method = method;
    request.url = "http://127.0.0.1:" + std::to_string(listening.port) + target;
    return client.send(request).wait(io.waitScope);
  }
  http::ClientResponse ask(const std::string& what, const std::string& path,
                           const std::string& more = "") {
    return send("/files/" + what + "?path=" + http::percentEncode(path) + more);
  }
  plugin::Outcome::Which reconfigure(const std::function<void(LocalConfig::Builder)>& change) {
    auto request = plugin->client().reconfigureRequest();
    auto config = request.getConfig().initAs<LocalConfig>();
    fill(config);
    change(config);
    return request.send().wait(io.waitScope).getOutcome().which();
  }

  kj::AsyncIoContext io = kj::setupAsyncIo();
  testing::TemporaryDirectory temp;
  testing::Listening listening;
  kj::Own<testing::PluginUnderTest> plugin;
  std::string sandbox;
};

TEST_P(FilesEndpointTest, Browse_ReadAndDownload) {
  auto list = ask("browse.json", sandbox);
  ASSERT_EQ(list.status, 200u);
  auto entries = json::parse(list.body);
  ASSERT_EQ(entries.size(), 2u);
  EXPECT_EQ(entries[0]["path"], sandbox + "/deep");
  EXPECT_EQ(entries[1]["path"], sandbox + "/stdout");
  EXPECT_EQ(entries[1]["size"], 10);
  auto piece = ask("read.json", sandbox + "/stdout", "&offset=2&length=3");
  ASSERT_EQ(piece.status, 200u);
  EXPECT_EQ(json::parse(piece.body), (json{{"data", "234"}, {"offset", 2}}));
  auto file = ask("download", sandbox + "/stdout");
  ASSERT_EQ(file.status, 200u);
  EXPECT_EQ(file.body, "0123456789");
  EXPECT_EQ(file.header("Content-Length"), "10");
  EXPECT_EQ(file.header("Content-Type"), "application/octet-stream");
  EXPECT_EQ(file.header("Content-Disposition"), "attachment; filename=\"stdout\"");
}

TEST_P(FilesEndpointTest, Offsets) {
  auto read = [&](const char* query) {
    auto answer = ask("read", sandbox + "/stdout", query);
    EXPECT_EQ(answer.status, 200u) << query << ": " << answer.body;
    return answer.status == 200 ? json::parse(answer.body) : json();
  };
  EXPECT_EQ(read(""), (json{{"data", ""}, {"offset", 10}}));  // asks for the size
  EXPECT_EQ(read("&offset=-1&length=5"), (json{{"data", ""}, {"offset", 10}}));
  EXPECT_EQ(read("&offset=0&length=-1")["data"], "0123456789");
  EXPECT_EQ(read("&offset=0&length=0")["data"], "");
  EXPECT_EQ(read("&offset=9")["data"], "9");
  EXPECT_EQ(read("&offset=10")["data"], "");
  EXPECT_EQ(read("&offset=9223372036854775807")["data"], "");
  for (auto bad : {"&offset=-2", "&length=-2", "&offset=1x", "&offset=9223372036854775808"}) {
    EXPECT_EQ(ask("read", sandbox + "/stdout", bad).status, 400u) << bad;
  }
}

TEST_P(FilesEndpointTest, NothingLeadsOutOfASandbox) {
  fs::create_symlink("/etc/passwd", sandbox + "/absolute");
  fs::create_symlink("../record", sandbox + "/relative");
  fs::create_symlink("../../../../..", sandbox + "/up");
  fs::create_symlink("/proc/self/environ", sandbox + "/magic");
  fs::create_directory_symlink(temp.path(), sandbox + "/state");
  fs::create_symlink("stdout", sandbox + "/inside");
  mkfifo((sandbox + "/pipe").c_str(), 0600);
  std::vector<std::string> ways = {"/etc/passwd", temp.path() + "/secret", sandbox + "/../record"};
  for (const char* below :
       {"/absolute", "/relative", "/up/secret", "/magic", "/state/secret", "/deep/../../record",
        "/deep/../../../../../../secret", "/pipe", "/./../record", "//etc/passwd/../../record"}) {
    ways.push_back(sandbox + below);
  }
  ways.push_back(temp.path() + "/work/tasks/queue/t/sandbox/../../t/record");
  ways.push_back(temp.path() + "/work/tasks/../tasks/queue/t/record");
  ways.push_back(sandbox + std::string("/stdout\0/../record", 18));
  for (auto& way : ways) {
    for (auto what : {"read.json", "download", "browse"}) {
      auto answer = ask(what, way, "&offset=0");
      bool listed = std::string(what) == "browse" && answer.body == "[]";  // as of any file
      EXPECT_TRUE(answer.status >= 400 || listed) << what << " " << way;
      for (auto text : {"secret", "root:", "PATH="}) {
        EXPECT_EQ(answer.body.find(text), std::string::npos) << what << " " << way;
      }
    }
  }
  EXPECT_EQ(ask("download", sandbox + "/inside").body, "0123456789");
}

TEST_P(FilesEndpointTest, LargeFile_IsReadInPiecesAndDownloadedWhole) {
  std::string big(20 << 20, 0);
  std::mt19937_64 random(7);
  for (size_t i = 0; i + 8 <= big.size(); i += 8) {
    auto word = random() & 0x7f7f7f7f7f7f7f7fu;
    memcpy(&big[i], &word, 8);
  }
  write(sandbox + "/big", big);
  auto piece = json::parse(ask("read", sandbox + "/big", "&offset=10000000").body);
  EXPECT_EQ(piece["data"], big.substr(10'000'000, READ_MAX));  // no more than read_max at a time
  piece = json::parse(ask("read", sandbox + "/big", "&offset=5&length=100000000").body);
  EXPECT_EQ(piece["data"].get<std::string>().size(), READ_MAX);
  auto file = ask("download", sandbox + "/big");
  ASSERT_EQ(file.status, 200u);
  EXPECT_TRUE(file.body == big);
  EXPECT_EQ(send("/files/download?path=" + http::percentEncode(sandbox + "/big"), "HEAD").body, "");
}

TEST_P(FilesEndpointTest, NamesWithEverythingInThem) {
  std::string name = "a b&c=d%41\xc3\xa9\"\n";
  write(sandbox + "/" + name, "here");
  EXPECT_EQ(ask("download", sandbox + "/" + name).body, "here");
  auto answer = ask("download", sandbox + "/" + name);
  auto disposition = answer.header("Content-Disposition");
  ASSERT_TRUE(disposition);
  EXPECT_EQ(disposition->find('\n'), std::string::npos);
  auto list = json::parse(ask("browse", sandbox).body);
  EXPECT_EQ(list[0]["path"], sandbox + "/" + name);
}

TEST_P(FilesEndpointTest, WhatIsNotThere) {
  EXPECT_EQ(ask("read", sandbox + "/none").status, 404u);
  EXPECT_EQ(ask("download", sandbox).status, 400u);
  EXPECT_EQ(ask("browse", temp.path() + "/work/tasks/queue/other/sandbox").status, 404u);
  EXPECT_EQ(send("/files/read").status, 400u);
  EXPECT_EQ(send("/files/read?path=" + http::percentEncode(sandbox + "/stdout"), "POST").status,
            405u);
  EXPECT_EQ(send("/elsewhere").status, 404u);
}

TEST_P(FilesEndpointTest, Reconfigure_InPlaceOrNot) {
  using plugin::Outcome;
  write(sandbox + "/big", std::string(10'000, 'x'));
  EXPECT_EQ(reconfigure([](auto config) { config.setReadMax(1024); }), Outcome::APPLIED);
  auto piece = json::parse(ask("read", sandbox + "/big", "&offset=0").body);
  EXPECT_EQ(piece["data"].get<std::string>().size(), 1024u);
  EXPECT_EQ(reconfigure([](auto config) { config.initHttp().initAuth().setOneUser("operator"); }),
            Outcome::NEEDS_RESTART);
  EXPECT_EQ(reconfigure([](auto config) { config.setCluster("elsewhere"); }),
            Outcome::NEEDS_RESTART);
  EXPECT_EQ(ask("read", sandbox + "/big", "&offset=0").status, 200u);
}

INSTANTIATE_TEST_SUITE_P(BothIsolations, FilesEndpointTest,
                         ::testing::Values(testing::Isolation::inlined,
                                           testing::Isolation::process),
                         [](auto& info) { return std::string(testing::name(info.param)); });

}  // namespace
}  // namespace maitred::local
