// The sandbox as readers see it: confined, and in the form that Cook's clients know.
#include "files/files-endpoint.h"
#include "files/files-gate.h"
#include "files/sandbox-files.h"

#include <maitred/http/query.h>
#include <maitred/http/router.h>
#include <maitred/offload.h>

#include <gtest/gtest.h>
#include <kj/async-io.h>
#include <nlohmann/json.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>

#include <sys/stat.h>
#include <unistd.h>

namespace maitred::local {
namespace {

namespace fs = std::filesystem;

class FilesTest : public ::testing::Test {
 protected:
  FilesTest() {
    const char* base = getenv("TMPDIR");
    work = std::string(base != nullptr ? base : "/tmp") + "/maitred-files-XXXXXX";
    EXPECT_NE(mkdtemp(work.data()), nullptr);
    *rule = {work, 1000, false};
    sandbox = work + "/tasks/q/t/sandbox";
    fs::create_directories(sandbox + "/deep");
    std::ofstream(sandbox + "/stdout") << "0123456789";
    std::ofstream(sandbox + "/deep/bad") << "a\xff"
                                            "b";
    std::ofstream(work + "/tasks/q/t/record") << "secret";
    fs::create_symlink("/etc/passwd", sandbox + "/absolute");
    fs::create_symlink("../record", sandbox + "/relative");
    fs::create_symlink("../..", sandbox + "/up");
    fs::create_symlink("stdout", sandbox + "/inside");
    mkfifo((sandbox + "/pipe").c_str(), 0600);
    addFilesRoutes(router, rule);
  }
  ~FilesTest() noexcept override {
    std::error_code ignored;
    fs::remove_all(work, ignored);
  }

  struct Answer {
    unsigned status;
    std::string body;
    nlohmann::json json() const { return nlohmann::json::parse(body); }
  };
  // What a stream writes.
  struct Body final : kj::AsyncOutputStream {
    kj::Promise<void> write(const void* data, size_t size) override {
      text.append(static_cast<const char*>(data), size);
      return kj::READY_NOW;
    }
    kj::Promise<void> write(kj::ArrayPtr<const kj::ArrayPtr<const kj::byte>>) override {
      KJ_UNIMPLEMENTED("pieces");
    }
    kj::Promise<void> whenWriteDisconnected() override { return kj::NEVER_DONE; }
    std::string text;
  };
  std::string bodyOf(http::Response& response) {
    if (!response.stream) return response.body;
    Body body;
    response.stream->write(body).wait(io.waitScope);
    EXPECT_EQ(body.text.size(), response.stream->length.value_or(0));
    return body.text;
  }
  // Not sent yet.
  kj::Promise<http::Response> ask(const std::string& route, const std::string& query) {
    http::Request request;
    request.method = "GET";
    request.path = route;
    request.segments = {"files", route.substr(route.rfind('/') + 1)};
    request.query = http::Query::parse(query);
    auto match = router.find(request);
    EXPECT_NE(match.route, nullptr) << route;
    return match.route->handler(request);
  }
  Answer get(const std::string& route, const std::string& query) {
    auto response = ask(route, query).wait(io.waitScope);
    return {response.status, bodyOf(response)};
  }
  std::string at(const std::string& file) { return "path=" + http::percentEncode(sandbox + file); }

  kj::AsyncIoContext io = kj::setupAsyncIo();
  std::string work, sandbox;
  std::shared_ptr<FilesRule> rule = std::make_shared<FilesRule>();
  http::Router router;
};

TEST_F(FilesTest, Read_GivesPiecesAndTheSize) {
  auto size = get("/files/read.json", at("/stdout"));
  EXPECT_EQ(size.status, 200u);
  EXPECT_EQ(size.json()["data"], "");
  EXPECT_EQ(size.json()["offset"], 10);
  EXPECT_EQ(get("/files/read", at("/stdout") + "&offset=-1").json()["offset"], 10);
  auto piece = get("/files/read", at("/stdout") + "&offset=2&length=3").json();
  EXPECT_EQ(piece["data"], "234");
  EXPECT_EQ(piece["offset"], 2);
  EXPECT_EQ(get("/files/read", at("/stdout") + "&offset=20").json()["data"], "");
  EXPECT_EQ(get("/files/read", at("/inside") + "&offset=0").json()["data"], "0123456789");
  EXPECT_EQ(get("/files/read", at("/deep/bad") + "&offset=0").json()["data"], "a\uFFFDb");
}

TEST_F(FilesTest, Read_RefusesWithTheKnownSentences) {
  EXPECT_EQ(get("/files/read", at("/none")).status, 404u);
  EXPECT_EQ(get("/files/read", "").status, 400u);
  auto folder = get("/files/read", at("/deep"));
  EXPECT_EQ(folder.status, 400u);
  EXPECT_EQ(folder.body, "Cannot read a directory.\n");
  auto negative = get("/files/read", at("/stdout") + "&offset=-2");
  EXPECT_EQ(negative.status, 400u);
  EXPECT_EQ(negative.body.find("Negative offset provided: "), 0u);
  auto text = get("/files/read", at("/stdout") + "&offset=abc");
  EXPECT_EQ(text.status, 400u);
  EXPECT_EQ(text.body.find("Failed to parse offset: "), 0u);
}

TEST_F(FilesTest, NothingLeadsOutOfTheSandbox) {
  for (auto file :
       {"/absolute", "/relative", "/up/record", "/../record", "/deep/../../record", "/pipe"}) {
    auto answer = get("/files/read", at(file) + "&offset=0");
    EXPECT_GE(answer.status, 400u) << file;
    EXPECT_EQ(answer.body.find("secret"), std::string::npos) << file;
    EXPECT_EQ(answer.body.find("root:"), std::string::npos) << file;
  }
  EXPECT_EQ(get("/files/read", "path=/etc/passwd&offset=0").status, 404u);
  EXPECT_GE(get("/files/browse", at("/up")).status, 400u);
  EXPECT_GE(get("/files/download", at("/absolute")).status, 400u);
}

TEST_F(FilesTest, Browse_ListsSortedWithModes) {
  auto list = get("/files/browse.json", at("")).json();
  ASSERT_EQ(list.size(), 7u);
  std::vector<std::string> paths;
  for (auto& one : list) paths.push_back(one["path"]);
  EXPECT_TRUE(std::is_sorted(paths.begin(), paths.end()));
  auto& deep = list[1];
  EXPECT_EQ(deep["path"], sandbox + "/deep");
  EXPECT_EQ(deep["mode"].get<std::string>()[0], 'd');
  EXPECT_GT(deep["nlink"], 1);
  auto& output = list[5];
  EXPECT_EQ(output["path"], sandbox + "/stdout");
  EXPECT_EQ(output["size"], 10);
  EXPECT_TRUE(output["uid"].is_string());
  EXPECT_EQ(get("/files/browse", at("/stdout")).body, "[]");
  EXPECT_EQ(get("/files/browse", at("/none")).status, 404u);
}

TEST_F(FilesTest, Read_WithoutALengthIsOnePiece) {
  rule->readMax = 25'000'000;
  std::ofstream(sandbox + "/log") << std::string(1'000'000, 'x');
  auto piece = get("/files/read", at("/log") + "&offset=7").json();
  EXPECT_EQ(piece["data"].get<std::string>(), std::string(65'536, 'x'));
  piece = get("/files/read", at("/log") + "&offset=0&length=900000").json();
  EXPECT_EQ(piece["data"].get<std::string>().size(), 900'000u);
}

TEST_F(FilesTest, Read_PiecesOfOurLengthEndWithACharacter) {
  rule->readMax = 25'000'000;
  std::string text = "x";  // so that 64 KiB end within one
  while (text.size() < 200'000) text += "\u00e9";
  std::ofstream(sandbox + "/log") << text;
  std::string all;
  while (all.size() < text.size()) {
    auto query = at("/log") + "&offset=" + std::to_string(all.size());
    all += get("/files/read", query).json()["data"].get<std::string>();
  }
  EXPECT_EQ(all, text);
  EXPECT_EQ(get("/files/read", at("/log") + "&offset=1&length=200000").json()["data"],
            text.substr(1));
  EXPECT_EQ(get("/files/read", at("/log") + "&offset=0&length=2").json()["data"], "x\uFFFD")
      << "who says a length gets that";
}

TEST_F(FilesTest, Read_AnswerIsBoundedHoweverLongItsBytesBecome) {
  rule->readMax = 25'000'000;
  std::ofstream(sandbox + "/zeros") << std::string(8'000'000, '\0');  // 48 MB of JSON
  auto answer = get("/files/read", at("/zeros") + "&offset=0&length=8000000");
  EXPECT_LE(answer.body.size(), 10'000'100u);
  auto data = answer.json()["data"].get<std::string>();
  EXPECT_GT(data.size(), 1'000'000u);
  EXPECT_EQ(data, std::string(data.size(), '\0'));
  answer = get("/files/read", at("/zeros") + "&offset=0");
  EXPECT_EQ(answer.json()["data"], std::string(65'536, '\0')) << "this much comes whole";
}

TEST_F(FilesTest, Read_AnswersThatNobodyTakesHaveOneBoundTogether) {
  rule->readMax = 25'000'000;
  std::ofstream(sandbox + "/text") << std::string(25'000'000, 'x');
  auto all = at("/text") + "&offset=0&length=25000000";
  {
    std::vector<http::Response> held;
    size_t bytes = 0;
    for (int i = 0; i < 600 && bytes < 200 << 20; ++i) {
      held.push_back(ask("/files/read", all).wait(io.waitScope));
      if (held.back().stream) bytes += *held.back().stream->length;
    }
    ASSERT_LT(bytes, 100u << 20);
    EXPECT_EQ(held[20].status, 200u) << "a small piece at least";
    auto few = nlohmann::json::parse(bodyOf(held[20]))["data"].get<std::string>();
    EXPECT_GE(few.size(), 65'536u);
    EXPECT_EQ(held.back().status, 503u);
    EXPECT_EQ(held.back().header("Retry-After"), "1");
    EXPECT_EQ(get("/files/read", at("/stdout")).status, 200u) << "the size only";
  }
  auto text = get("/files/read", all);
  EXPECT_EQ(text.json()["data"].get<std::string>().size(), 25'000'000u) << "the room is back";
}

TEST_F(FilesTest, ManyReadersLeaveThePoolToOthers) {
  std::promise<void> release;
  auto released = release.get_future().share();
  std::vector<kj::Promise<void>> slow;  // each thread of the pool
  for (int i = 0; i < 4; ++i) slow.push_back(offload([released]() { released.wait(); }));
  std::vector<kj::Promise<http::Response>> asked;
  for (int i = 0; i < 1'100; ++i) asked.push_back(ask("/files/read", at("/stdout") + "&offset=0"));
  auto ours = offload([]() {});
  release.set_value();
  ours.wait(io.waitScope);
  size_t read = 0, refused = 0;
  for (auto& one : asked) {
    auto response = one.wait(io.waitScope);
    ++(response.status == 200 ? read : refused);
    if (response.status == 200) continue;
    EXPECT_EQ(response.status, 503u);
    EXPECT_EQ(response.header("Retry-After"), "1");
  }
  EXPECT_EQ(read, FilesGate::AT_ONCE + FilesGate::WAITING_MAX);
  EXPECT_EQ(refused, 1'100 - read);
  EXPECT_EQ(get("/files/read", at("/stdout") + "&offset=0").status, 200u);
}

TEST_F(FilesTest, WhoIsDroppedGivesTheTurnBack) {
  std::promise<void> release;
  auto released = release.get_future().share();
  std::vector<kj::Promise<void>> slow;
  for (int i = 0; i < 4; ++i) slow.push_back(offload([released]() { released.wait(); }));
  for (int i = 0; i < 1'100; ++i) {
    auto dropped = ask("/files/read", at("/stdout") + "&offset=0");
    EXPECT_FALSE(dropped.poll(io.waitScope) && i < 3);
  }
  release.set_value();
  EXPECT_EQ(get("/files/read", at("/stdout") + "&offset=0").json()["data"], "0123456789");
}

TEST_F(FilesTest, WhatTheTaskMayNotReadNobodyReadsThroughUs) {
  if (geteuid() != 0) GTEST_SKIP() << "needs files of two accounts";
  std::ofstream(sandbox + "/moved") << "secret";
  chmod((sandbox + "/moved").c_str(), 0600);
  EXPECT_EQ(get("/files/read", at("/moved") + "&offset=0").status, 200u) << "a sandbox of root's";
  ASSERT_EQ(chown(sandbox.c_str(), 65'534, 65'534), 0);
  EXPECT_EQ(get("/files/read", at("/moved") + "&offset=0").status, 403u);
  EXPECT_EQ(get("/files/download", at("/moved")).status, 403u);
  chmod((sandbox + "/moved").c_str(), 0644);
  EXPECT_EQ(get("/files/read", at("/moved") + "&offset=0").status, 200u);
}

TEST_F(FilesTest, SandboxUrl_EndsWithTheEncodedPath) {
  EXPECT_EQ(sandboxUrl(false, "127.0.0.2", 5051, "/w/t"),
            "http://127.0.0.2:5051/files/read.json?path=%2Fw%2Ft");
  EXPECT_EQ(sandboxUrl(true, "h", 1, "/w"), "https://h:1/files/read.json?path=%2Fw");
}

}  // namespace
}  // namespace maitred::local
