#include "run-maitred.h"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include <filesystem>
#include <sstream>

namespace maitred::host {
namespace {

using test::maitred;
using test::Outcome;
using test::TempFolder;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using Words = std::vector<std::string>;

constexpr const char* goodConfig = "plugins:\n  - name: probe\n    library: maitred-probe\n";

TEST(Help, EveryCommandHasOne) {
  std::vector<Words> commands = {{},
                                 {"run"},
                                 {"check"},
                                 {"init"},
                                 {"plugins"},
                                 {"plugins", "list"},
                                 {"plugins", "inspect"},
                                 {"plugins", "new"},
                                 {"plugins", "conform"},
                                 {"ctl"},
                                 {"ctl", "status"},
                                 {"ctl", "grants"},
                                 {"ctl", "reload"},
                                 {"ctl", "drain"},
                                 {"ctl", "restart"},
                                 {"ctl", "metrics"},
                                 {"ctl", "log-level"},
                                 {"ctl", "ask"},
                                 {"ctl", "store"},
                                 {"ctl", "store", "list"},
                                 {"ctl", "store", "backup"},
                                 {"ctl", "store", "check"},
                                 {"ctl", "store", "restore"},
                                 {"ctl", "reopen-logs"},
                                 {"ctl", "support"},
                                 {"ctl", "config"},
                                 {"policy"},
                                 {"config-docs"},
                                 {"version"},
                                 {"completion"},
                                 {"completion", "bash"},
                                 {"probe"}};
  for (auto words : commands) {
    words.push_back("--help");
    auto result = maitred(words);
    EXPECT_EQ(result.exitCode, 0) << words[0] << result.err;
    EXPECT_THAT(result.out, HasSubstr("sage: ")) << words[0];
    EXPECT_EQ(result.err, "") << words[0];
  }
}

TEST(Help, OfTheWhole_NamesCommandsAndPlugins) {
  auto result = maitred({"--help"});
  EXPECT_THAT(result.out, HasSubstr("  check "));
  EXPECT_THAT(result.out, HasSubstr("commands of plugins:"));
  EXPECT_THAT(result.out, HasSubstr("probe"));
  EXPECT_THAT(result.out, Not(HasSubstr("worker")));
  EXPECT_EQ(maitred({"help", "ctl", "status"}).out, maitred({"ctl", "status", "--help"}).out);
}

TEST(Mistakes, UnknownWords_NameTheNearest) {
  auto command = maitred({"chekc"});
  EXPECT_EQ(command.exitCode, 64);
  EXPECT_THAT(command.err, HasSubstr("unknown command \"chekc\", did you mean \"check\"?"));
  auto plugin = maitred({"porbe", "echo"});
  EXPECT_THAT(plugin.err, HasSubstr("did you mean \"probe\"?"));
  auto sub = maitred({"ctl", "statsu"});
  EXPECT_EQ(sub.exitCode, 64);
  EXPECT_THAT(sub.err, HasSubstr("did you mean \"status\"?"));
  auto option = maitred({"check", "--stricct"});
  EXPECT_EQ(option.exitCode, 64);
  EXPECT_THAT(option.err, HasSubstr("unknown option \"--stricct\", did you mean \"--strict\"?"));
  auto value = maitred({"check", "--format", "yaml"});
  EXPECT_EQ(value.exitCode, 64);
  EXPECT_THAT(value.err, HasSubstr("\"yaml\" is none of \"text\", \"json\""));
  EXPECT_EQ(maitred({"config-docs"}).exitCode, 64);
  EXPECT_EQ(maitred({"check", "a.yaml", "b.yaml"}).exitCode, 64);
  EXPECT_EQ(maitred({}).exitCode, 64);
}

TEST(Version, TextAndJson) {
  EXPECT_THAT(maitred({"--version"}).out, StartsWith("maitred 0."));
  auto json = nlohmann::json::parse(maitred({"version", "--json"}).out);
  EXPECT_EQ(json["abi_version"], 1);
}

TEST(Plugins, ListAndInspect) {
  auto list = maitred({"plugins", "list"});
  EXPECT_EQ(list.exitCode, 0);
  EXPECT_THAT(list.out, HasSubstr("maitred-probe"));
  auto json = nlohmann::json::parse(maitred({"plugins", "inspect", "maitred-probe", "--json"}).out);
  EXPECT_EQ(json["version"], "1.2.3");
  EXPECT_EQ(json["commands"][0]["usage"], "maitred probe echo");
  auto file = maitred({"plugins", "inspect", test::probeFolder() + "/maitred-probe.so"});
  EXPECT_THAT(file.out, HasSubstr("maitred-probe 1.2.3\n"));
  EXPECT_EQ(maitred({"plugins", "inspect", "probe"}).out, file.out);
}

TEST(Plugins, InspectRefuses_WithAReason) {
  TempFolder folder;
  auto script = folder.write("x.so", "#!/bin/sh\n");
  auto result = maitred({"plugins", "inspect", script});
  EXPECT_EQ(result.exitCode, 1);
  EXPECT_THAT(result.err, HasSubstr("it is not an ELF file"));
  EXPECT_THAT(maitred({"plugins", "inspect", "maitred-prob"}).err,
              HasSubstr("did you mean \"maitred-probe\"?"));
  auto libc = maitred({"plugins", "inspect", "/lib/x86_64-linux-gnu/libc.so.6"});
  EXPECT_THAT(libc.err, HasSubstr("no maitred plugin"));
}

TEST(Check, GoodFile) {
  TempFolder folder;
  folder.write("maitred.yaml", goodConfig);
  auto result = maitred({"check"}, {.folder = folder.path});
  EXPECT_EQ(result.exitCode, 0) << result.out << result.err;
  EXPECT_EQ(result.out, "maitred.yaml: ok, 1 plugin\n");
  auto json = maitred({"check", "--format", "json"}, {.folder = folder.path});
  EXPECT_TRUE(nlohmann::json::parse(json.out)["ok"].get<bool>());
}

TEST(Check, Faults_AreListedWithTheirPlaces) {
  TempFolder folder;
  folder.write("bad.yaml", std::string(goodConfig) + "    config: { depht: 4 }\n    uses: 7\n");
  auto result = maitred({"check", "bad.yaml"}, {.folder = folder.path});
  EXPECT_EQ(result.exitCode, 2);
  EXPECT_THAT(result.err, HasSubstr("bad.yaml:4:15: error: "));
  EXPECT_THAT(result.err, HasSubstr("did you mean \"depth\"?"));
  EXPECT_THAT(result.err, HasSubstr("bad.yaml:5:"));
  EXPECT_EQ(maitred({"check", "absent.yaml"}, {.folder = folder.path}).exitCode, 3);
}

TEST(Check, ThePluginItself_IsAsked) {
  TempFolder folder;
  folder.write("maitred.yaml", std::string(goodConfig) + "    config: { depth: 7 }\n");
  auto result = maitred({"check"}, {.folder = folder.path});
  EXPECT_EQ(result.exitCode, 2) << result.out << result.err;
  EXPECT_THAT(result.err,
              HasSubstr("maitred.yaml:4:22: error: plugin \"probe\", depth: seven is bad luck"));
  EXPECT_EQ(maitred({"check", "--static"}, {.folder = folder.path}).exitCode, 0);
  auto mended =
      maitred({"check", "--set", "plugins.probe.config.depth=8"}, {.folder = folder.path});
  EXPECT_EQ(mended.exitCode, 0) << mended.err;
}

TEST(Check, ExplainAndEffective) {
  TempFolder folder;
  folder.write("maitred.yaml", goodConfig);
  auto explained = maitred({"check", "--explain", "host.log.level"}, {.folder = folder.path});
  EXPECT_EQ(explained.exitCode, 0);
  EXPECT_THAT(explained.out, HasSubstr("warning"));
  auto plugin =
      maitred({"check", "--explain", "plugins.probe.config.depth"}, {.folder = folder.path});
  EXPECT_THAT(plugin.out, HasSubstr("How deep it probes."));
  EXPECT_EQ(maitred({"check", "--explain", "host.lgo"}, {.folder = folder.path}).exitCode, 1);
  auto effective = maitred({"check", "--print-effective"}, {.folder = folder.path});
  EXPECT_EQ(effective.exitCode, 0) << effective.err;
  EXPECT_THAT(effective.out, HasSubstr("depth: 3"));
}

TEST(Init, WritesAFirstConfig_AndNeverOverwrites) {
  TempFolder folder;
  auto first = maitred({"init"}, {.folder = folder.path});
  EXPECT_EQ(first.exitCode, 0) << first.err;
  auto again = maitred({"init"}, {.folder = folder.path});
  EXPECT_EQ(again.exitCode, 1);
  EXPECT_THAT(again.err, HasSubstr("is there already"));
  EXPECT_EQ(maitred({"init", "--force"}, {.folder = folder.path}).exitCode, 0);
  EXPECT_THAT(maitred({"init", "-"}, {.folder = folder.path}).out, HasSubstr("plugins:"));
}

// Whether the schema's root, or the definition to which it refers, has the property.
bool propertyOfRoot(const std::string& text, const char* name) {
  auto schema = nlohmann::json::parse(text);
  auto root = schema;
  if (schema.contains("$ref")) {
    root = schema[nlohmann::json::json_pointer(schema["$ref"].get<std::string>().substr(1))];
  }
  return root["properties"].contains(name);
}

TEST(ConfigDocs, MarkdownAndJsonSchema) {
  EXPECT_THAT(maitred({"config-docs", "host"}).out, HasSubstr("log"));
  EXPECT_THAT(maitred({"config-docs", "maitred-probe"}).out, HasSubstr("How deep it probes."));
  EXPECT_EQ(maitred({"config-docs", "probe"}).out, maitred({"config-docs", "maitred-probe"}).out);
  auto schema = maitred({"config-docs", "probe", "--format", "json-schema"});
  EXPECT_TRUE(propertyOfRoot(schema.out, "depth"));
  auto file = maitred({"config-docs", "host", "--format", "json-schema"});
  EXPECT_TRUE(propertyOfRoot(file.out, "plugins"));
  EXPECT_EQ(maitred({"config-docs", "nobody"}).exitCode, 1);
}

TEST(PluginCommand, TakesAllItsWords) {
  auto result = maitred({"probe", "echo", "--flag", "a b", "--help"});
  EXPECT_EQ(result.out, "echo|--flag|a b|--help\n");
  EXPECT_EQ(result.exitCode, 3);
  auto help = maitred({"probe", "--help"});
  EXPECT_THAT(help.out, HasSubstr("echo     Print the words, end with their number.\n"));
  auto unknown = maitred({"probe", "ecoh"});
  EXPECT_EQ(unknown.exitCode, 64);
  EXPECT_THAT(unknown.err, HasSubstr("did you mean \"echo\"?"));
  EXPECT_EQ(maitred({"probe", "explode"}).exitCode, 128 + SIGABRT);
}

TEST(Policy, IsForwarded) {
  auto result = maitred({"policy", "check", "/absent/policy.lua"});
  EXPECT_EQ(result.exitCode, 2);
  EXPECT_THAT(result.err, HasSubstr("/absent/policy.lua"));
}

// Types the words into a real bash and asks what it would offer.
Words completions(const Words& typed) {
  std::string words = "COMP_WORDS=(maitred", index = std::to_string(typed.size());
  for (const auto& word : typed) words += " '" + word + "'";
  auto script = "source <(maitred completion bash); complete -p maitred >/dev/null || exit 9; " +
                words + "); COMP_CWORD=" + index + "; _maitred; printf '%s\\n' \"${COMPREPLY[@]}\"";
  TempFolder folder;
  folder.write("some.yaml", "");
  auto bin = std::filesystem::path(test::maitredExecutable()).parent_path().string();
  auto result = test::runProgram({"bash", "--norc", "-c", script},
                                 {.folder = folder.path,
                                  .environment = {{"PATH", bin + ":" + getenv("PATH")},
                                                  {"MAITRED_PLUGIN_PATH", test::probeFolder()}}});
  EXPECT_EQ(result.exitCode, 0) << result.err;
  Words found;
  std::istringstream lines(result.out);
  for (std::string line; std::getline(lines, line);) {
    if (!line.empty()) found.push_back(line);
  }
  return found;
}

TEST(Completion, InBash) {
  EXPECT_THAT(completions({"ch"}), ElementsAre("check"));
  EXPECT_THAT(completions({""}), Contains("run"));
  EXPECT_THAT(completions({""}), Contains("probe"));
  EXPECT_THAT(completions({""}), Not(Contains("worker")));
  EXPECT_THAT(completions({"ctl", "re"}), ElementsAre("reload", "restart", "reopen-logs"));
  EXPECT_THAT(completions({"ctl", "status", "--j"}), ElementsAre("--json"));
  EXPECT_THAT(completions({"check", "--format", ""}), ElementsAre("text", "json"));
  EXPECT_THAT(completions({"check", "so"}), ElementsAre("some.yaml"));
  EXPECT_THAT(completions({"run", "--config", "so"}), ElementsAre("some.yaml"));
  EXPECT_THAT(completions({"probe", "e"}), ElementsAre("echo", "explode"));
  EXPECT_THAT(completions({"probe", "echo", "so"}), ElementsAre("some.yaml"));
  EXPECT_THAT(completions({"config-docs", "maitred-p"}), Contains("maitred-probe"));
  EXPECT_THAT(completions({"completion", ""}), ElementsAre("bash", "zsh"));
  EXPECT_THAT(completions({"plugins", ""}), ElementsAre("list", "inspect", "new", "conform"));
  EXPECT_THAT(completions({"plugins", "new", "x", "--kind", ""}),
              ElementsAre("backend", "consumer", "http", "minimal"));
  EXPECT_THAT(completions({"plugins", "conform", "x.so", "--check", "dr"}),
              ElementsAre("drain-in-start", "drain-in-work"));
  EXPECT_THAT(completions({"plugins", "conform", "x.so", "--i"}), ElementsAre("--isolation"));
  EXPECT_THAT(completions({"policy", "ch"}), ElementsAre("check"));
  EXPECT_THAT(completions({"nonsense", "x"}), ElementsAre());
}

TEST(Completion, ForZsh_NamesItsFunction) {
  EXPECT_THAT(maitred({"completion", "zsh"}).out, StartsWith("#compdef maitred\n"));
}

}  // namespace
}  // namespace maitred::host
