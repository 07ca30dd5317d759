// The sandbox as readers see it: confined, and in the form that Cook's clients know.
#include "files/files-endpoint.h"
#include "files/sandbox-files.h"

#include <maitred/http/query.h>
#include <maitred/http/router.h>

#include <gtest/gtest.h>
#include <kj/async-io.h>
#include <nlohmann/json.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>

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
    addFilesRoutes(router, std::make_shared<FilesRule>(FilesRule{work, 1000, false}));
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
  Answer get(const std::string& route, const std::string& query) {
    http::Request request;
    request.method = "GET";
    request.path = route;
    request.segments = {"files", route.substr(route.rfind('/') + 1)};
    request.query = http::Query::parse(query);
    auto match = router.find(request);
    EXPECT_NE(match.route, nullptr) << route;
    auto response = match.route->handler(request).wait(io.waitScope);
    return {response.status, response.body};
  }
  std::string at(const std::string& file) { return "path=" + http::percentEncode(sandbox + file); }

  kj::AsyncIoContext io = kj::setupAsyncIo();
  std::string work, sandbox;
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

TEST_F(FilesTest, SandboxUrl_EndsWithTheEncodedPath) {
  EXPECT_EQ(sandboxUrl(false, "127.0.0.2", 5051, "/w/t"),
            "http://127.0.0.2:5051/files/read.json?path=%2Fw%2Ft");
  EXPECT_EQ(sandboxUrl(true, "h", 1, "/w"), "https://h:1/files/read.json?path=%2Fw");
}

}  // namespace
}  // namespace maitred::local
