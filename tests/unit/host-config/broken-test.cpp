// Every broken config in broken/ beside the exact report that it gets. With MAITRED_UPDATE_EXPECTED
// set the reports are written anew, to be read before they are committed.
//
// Lines at the head of a config steer its case: "# env: NAME=VALUE", "# set: KEY=VALUE", "#
// strict".

#include "kitchen.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>

namespace maitred::host {
namespace {

namespace fs = std::filesystem;

fs::path folder() {
  return fs::path(std::getenv("MAITRED_SOURCE_DIR")) / "tests/unit/host-config/broken";
}

std::string slurp(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

struct Report {
  std::string text;
  std::set<std::string> codes;
};

Report reportFor(const fs::path& file) {
  KitchenSource manifests;
  std::map<std::string, std::string> variables;
  Options options{.file = file.filename().string(), .manifests = &manifests};
  bool strict = false;
  std::istringstream lines(slurp(file));
  for (std::string line; std::getline(lines, line) && line.starts_with("# ");) {
    if (line.starts_with("# set: ")) options.overrides.push_back(line.substr(7));
    if (line == "# strict") strict = true;
    if (line.starts_with("# env: ")) {
      size_t equals = line.find('=');
      variables[line.substr(7, equals - 7)] = line.substr(equals + 1);
    }
  }
  options.environment = [&](const std::string& name) -> std::optional<std::string> {
    auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::make_optional(found->second);
  };
  ConfigResult result = loadConfig(options);
  std::stringstream out;
  result.diagnostics.write(out, Format::text);
  out << "exit " << result.diagnostics.exitCode(strict) << "\n";
  Report report{out.str(), {}};
  for (size_t at; (at = report.text.find(folder().string())) != std::string::npos;) {
    report.text.replace(at, folder().string().size(), "DIR");
  }
  for (const Diagnostic& problem : result.diagnostics.sorted()) report.codes.insert(problem.code);
  return report;
}

class BrokenConfigs : public ::testing::Test {
 protected:
  // Names in reports are as given, so the cases run in their folder.
  void SetUp() override {
    before = fs::current_path();
    fs::current_path(folder());
    for (const auto& entry : fs::directory_iterator(folder())) {
      if (entry.path().extension() == ".yaml") files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end());
  }
  void TearDown() override { fs::current_path(before); }

  fs::path before;
  std::vector<fs::path> files;
};

TEST_F(BrokenConfigs, GetExactlyTheExpectedReport) {
  ASSERT_GT(files.size(), 20u);
  for (const fs::path& file : files) {
    fs::path expected = file;
    expected.replace_extension(".expected");
    Report report = reportFor(file);
    if (std::getenv("MAITRED_UPDATE_EXPECTED") != nullptr) std::ofstream(expected) << report.text;
    EXPECT_EQ(slurp(expected), report.text) << file;
  }
}

// A fault that no case shows is a message that nobody has read.
TEST_F(BrokenConfigs, ShowEveryCodeOfTheReader) {
  std::set<std::string> shown;
  for (const fs::path& file : files) shown.merge(reportFor(file).codes);
  std::set<std::string> known;
  std::regex literal(R"re((?:error|warning|fault|stop)(?:\(|,)\s*"([a-z0-9]+(?:-[a-z0-9]+)*)",)re");
  std::regex variable(R"re((?:code =|main \?|:)\s*"([a-z]+(?:-[a-z0-9]+)+)")re");
  fs::path sources = fs::path(std::getenv("MAITRED_SOURCE_DIR")) / "host/config";
  for (const auto& entry : fs::directory_iterator(sources)) {
    if (entry.path().extension() != ".cpp") continue;
    std::string text = slurp(entry.path());
    for (const std::regex& pattern : {literal, variable}) {
      for (std::sregex_iterator it(text.begin(), text.end(), pattern), end; it != end; ++it)
        known.insert((*it)[1]);
    }
  }
  EXPECT_GT(known.size(), 40u);
  // Shown by tests of their own, since they need more than one small file.
  for (const char* elsewhere :
       {"plugin-check", "too-many-problems", "file-unreadable", "include-many"}) {
    EXPECT_EQ(known.erase(elsewhere), 1u) << elsewhere;
  }
  for (const std::string& code : known)
    EXPECT_TRUE(shown.count(code)) << "no broken config shows " << code;
}

TEST_F(BrokenConfigs, NeverShowASecret) {
  for (const fs::path& file : files) {
    EXPECT_EQ(reportFor(file).text.find("hunter2"), std::string::npos) << file;
  }
}

}  // namespace
}  // namespace maitred::host
