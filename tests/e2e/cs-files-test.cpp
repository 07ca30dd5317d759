// What `cs ls`, `cs cat` and `cs tail` ask of the place where an instance's sandbox lies.
#include "cook-client.h"

#include <maitred/http/query.h>

#include <gmock/gmock.h>

namespace maitred::e2e {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;

class CsFiles : public ClientTest {
 protected:
  json instance;
  std::string agent, sandbox;

  // The job's latest instance, and where its files are: found as the client finds them.
  void run(const std::string& command, const char* until = "completed") {
    json asked = csJob(command);
    cs.submit({asked});
    cs.waitUntil(asked["uuid"], until);
    system.eventually("the instance tells where its sandbox is", [&] {
      json shown = cs.resolve(asked["uuid"]).jobs.at(0);
      if (shown["instances"].empty()) return false;
      instance = latestInstance(shown);
      return instance.contains("output_url") && instance.contains("sandbox_directory");
    });
    expectInstance(instance);
    std::string url = instance["output_url"];
    agent = url.substr(0, url.find("/files/"));
    EXPECT_EQ(agent, system.filesUrl()) << "plain http, at the listener of the backend";
    sandbox = instance["sandbox_directory"];
    EXPECT_THAT(url, EndsWith("path=" + http::percentEncode(sandbox)));
  }
  http::ClientResponse ask(const char* what, const std::string& path, Parameters more = {}) {
    more.insert(more.begin(), {"path", sandbox + "/" + path});
    return cs.fetch(agent + "/files/" + what, more);
  }
  json read(const std::string& path, const Parameters& more = {}) {
    auto answer = ask("read", path, more);
    EXPECT_EQ(answer.status, 200u) << answer.body;
    return json::parse(answer.body);
  }
};

TEST_P(CsFiles, LsShowsFolders) {
  run("mkdir -p d/e; echo 12 > d/b; touch d/a; chmod 755 d/a; echo x");
  auto answer = ask("browse", "d");
  ASSERT_EQ(answer.status, 200u) << answer.body;
  json list = json::parse(answer.body);
  ASSERT_EQ(list.size(), 3u) << list.dump(2);
  EXPECT_EQ(list[0]["path"], sandbox + "/d/a");
  EXPECT_EQ(list[0]["mode"], "-rwxr-xr-x");
  EXPECT_EQ(list[0]["nlink"], 1);
  EXPECT_EQ(list[1]["path"], sandbox + "/d/b");
  EXPECT_EQ(list[1]["size"], 3);
  EXPECT_EQ(list[2]["path"], sandbox + "/d/e");
  EXPECT_GT(list[2]["nlink"], 1) << "the client takes that for a folder";
  for (const json& one : list) {
    EXPECT_TRUE(one.at("uid").is_string());
    EXPECT_TRUE(one.at("gid").is_string());
    EXPECT_TRUE(one.at("mtime").is_number());
    EXPECT_TRUE(one.at("size").is_number_integer());
  }
  // `cs ls UUID` joins the folder and nothing; of a file it looks at the folder above.
  EXPECT_EQ(json::parse(ask("browse", "").body).size(), 3u);
  EXPECT_EQ(ask("browse", "d/b").body, "[]");
  EXPECT_EQ(ask("browse", "nothing").status, 404u);
}

TEST_P(CsFiles, CatDownloadsWhole) {
  run("printf 'a\\0\\377b\\n' > raw; mkdir d");
  auto whole = ask("download", "raw");
  EXPECT_EQ(whole.status, 200u);
  EXPECT_EQ(whole.body, std::string("a\0\377b\n", 5));
  EXPECT_THAT(std::string(whole.header("Content-Disposition").value_or("")),
              HasSubstr("attachment"));
  EXPECT_EQ(ask("download", "nothing").status, 404u);
  auto folder = ask("download", "d");
  EXPECT_EQ(folder.status, 400u);
  EXPECT_THAT(folder.body, HasSubstr("Cannot download a directory."));
  EXPECT_NE(ask("download", "../../../../../../etc/passwd").status, 200u);
}

TEST_P(CsFiles, TailReadsBackwardsFromTheEnd) {
  run("i=0; while [ $i -lt 3000 ]; do echo line $i; i=$((i+1)); done");
  json size = read("stdout");
  EXPECT_EQ(size["data"], "");
  std::int64_t end = size["offset"];
  std::int64_t expected = 10 * 7 + 90 * 8 + 900 * 9 + 2000 * 10;  // "line 7\n", "line 77\n", …
  EXPECT_EQ(end, expected);
  // In chunks of 4 KiB from the end until there are enough lines, here until the beginning.
  std::string all;
  for (std::int64_t until = end; until > 0;) {
    std::int64_t from = std::max<std::int64_t>(until - 4096, 0);
    json chunk = read("stdout", {{"offset", std::to_string(from)},
                                 {"length", std::to_string(until - from)}});
    EXPECT_EQ(chunk["offset"], from);
    all = chunk["data"].get<std::string>() + all;
    until = from;
  }
  EXPECT_EQ(all.size(), size_t(end));
  EXPECT_THAT(all, EndsWith("line 2998\nline 2999\n"));
  // With -f it asks at the end until there is more.
  EXPECT_EQ(read("stdout", {{"offset", std::to_string(end)}, {"length", "4096"}})["data"], "");
  // What is appended to `output_url` leads to the same.
  std::string url = instance["output_url"];
  EXPECT_EQ(json::parse(cs.fetch(url + "%2Fstdout&offset=0&length=7").body)["data"], "line 0\n");
}

TEST_P(CsFiles, TailSaysWhatIsWrong) {
  run("mkdir d; printf '\\377\\303\\244\\n' > bytes");
  EXPECT_EQ(ask("read", "nothing").status, 404u);
  auto refusal = [&](const std::string& path, const Parameters& more) {
    auto answer = ask("read", path, more);
    EXPECT_EQ(answer.status, 400u);
    return answer.body;
  };
  EXPECT_THAT(refusal("d", {}), HasSubstr("Cannot read a directory."));
  EXPECT_THAT(refusal("stdout", {{"offset", "x"}}), HasSubstr("Failed to parse offset: "));
  EXPECT_THAT(refusal("stdout", {{"offset", "-2"}}), HasSubstr("Negative offset provided: "));
  EXPECT_EQ(read("stdout", {{"offset", "-1"}})["data"], "") << "asks for the size";
  EXPECT_EQ(read("bytes", {{"offset", "0"}})["data"], "\xef\xbf\xbd\xc3\xa4\n");
}

TEST_P(CsFiles, TailFollowsARunningJob) {
  run("echo one; while ! test -e more; do sleep 0.05; done; echo two; sleep 600", "running");
  std::int64_t end = 0;
  system.eventually("the first line is there", [&] {
    end = read("stdout")["offset"];
    return end == 4;
  });
  testing::writeFile(sandbox + "/more", "");
  system.eventually("the second line is there", [&] {
    json more = read("stdout", {{"offset", std::to_string(end)}, {"length", "4096"}});
    return more["data"] == "two\n";
  });
}

INSTANTIATE_TEST_SUITE_P(Configurations, CsFiles, ::testing::ValuesIn(SHIPPED),
                         [](auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace maitred::e2e
