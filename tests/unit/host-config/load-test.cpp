// What a config that is right becomes.

#include "host/config/files.h"

#include "scratch.h"

#include <gmock/gmock.h>

namespace maitred::host {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class LoadConfig : public ScratchTest {
 protected:
  // Field of the kitchen's config, as text.
  std::string field(const ConfigResult& result, kj::StringPtr name) {
    auto config = KJ_ASSERT_NONNULL(result.config->instance("kitchen")->typedConfig());
    auto value = config.get(name);
    if (value.getType() == capnp::DynamicValue::TEXT) return value.as<capnp::Text>().cStr();
    return kj::str(value).cStr();
  }
  std::string read(const std::string& members, kj::StringPtr name) {
    ConfigResult result = load(kitchen(members));
    EXPECT_EQ(report(result), "");
    return field(result, name);
  }
};

TEST(DefaultState, LiesBesideTheFileUnlessThatIsBelowEtc) {
  EXPECT_EQ(defaultStateFolder("/home/ana/maitred.yaml"), "/home/ana/state");
  EXPECT_EQ(defaultStateFolder("/etcetera/maitred.yaml"), "/etcetera/state");
  EXPECT_EQ(defaultStateFolder("/etc/maitred/maitred.yaml"), "/var/lib/maitred");
  EXPECT_EQ(defaultStateFolder("/etc/maitred.yaml"), "/var/lib/maitred");
}

TEST_F(LoadConfig, FillsTheHostsDefaults) {
  ConfigResult result = load(kitchen(""));
  ASSERT_TRUE(result.diagnostics.ok()) << report(result);
  auto host = result.config->host();
  EXPECT_EQ(host.getState(), (folder / "state").string().c_str());
  EXPECT_EQ(host.getAdmin().getSocket(), (folder / "state/admin.sock").string().c_str());
  EXPECT_EQ(host.getHttp().getListen(), "127.0.0.1:12380");
  EXPECT_EQ(host.getDrainTimeout(), 30000u);
  EXPECT_EQ(host.getWorker().getCrashLimit(), 5u);
  const Instance& plugin = *result.config->instance("kitchen");
  EXPECT_FALSE(plugin.inlined);
  EXPECT_EQ(plugin.inFlightMax, 1024u);
  EXPECT_EQ(plugin.deadlineMs, 60000u);
  EXPECT_EQ(plugin.stateDirectory, (folder / "state/kitchen").string());
}

TEST_F(LoadConfig, ReadsEveryKindOfValue) {
  EXPECT_EQ(read("      memory: 1.5GiB\n", "memory"), "1610612736");
  EXPECT_EQ(read("      patience: 2min\n", "patience"), "120000");
  EXPECT_EQ(read("      patience: 250\n", "patience"), "250");
  EXPECT_EQ(read("      power: 0.5\n", "power"), "500");
  EXPECT_EQ(read("      power: 250m\n", "power"), "250");
  EXPECT_EQ(read("      tip: 2.5e-1\n", "tip"), "0.25");
  EXPECT_EQ(read("      offset: -7\n", "offset"), "-7");
  EXPECT_EQ(read("      chefs: 0x10\n", "chefs"), "16");
  EXPECT_EQ(read("      chefs: \"12\"\n", "chefs"), "12");
  EXPECT_EQ(read("      open: false\n", "open"), "false");
  EXPECT_EQ(read("      seal: aGk=\n", "seal"), read("      seal: \"aG k=\"\n", "seal"));
  EXPECT_NE(read("      seal: aGk=\n", "seal"), read("      seal: aGo=\n", "seal"));
  EXPECT_EQ(read("      guests: ana\n", "guests"), "[\"ana\"]");
  EXPECT_EQ(read("      guests: [ana, 1.0]\n", "guests"), "[\"ana\", \"1.0\"]");
  EXPECT_EQ(read("      matrix: [[1, 2], []]\n", "matrix"), "[[1, 2], []]");
  EXPECT_EQ(read("      oven: { mode: top_and_bottom, fuel: wood beech }\n", "oven"),
            "(heat = 180, mode = topAndBottom, fuel = (wood = \"beech\"))");
}

TEST_F(LoadConfig, ReadsUnionsInAllTheirForms) {
  EXPECT_EQ(read("      run_as: submitter\n", "runAs"), "(submitter = void)");
  EXPECT_EQ(read("      run_as: fixed ana\n", "runAs"), "(fixed = \"ana\")");
  EXPECT_EQ(read("      run_as: { fixed: ana }\n", "runAs"), "(fixed = \"ana\")");
  EXPECT_EQ(read("      run_as: { submitter: }\n", "runAs"), "(submitter = void)");
  EXPECT_EQ(read("      run_as: { shift: { day: ana } }\n", "runAs"), "(shift = (day = \"ana\"))");
}

TEST_F(LoadConfig, ReadsMappingsAsLists) {
  EXPECT_EQ(
      read("      tables: { round: { seats: 2 }, square: { seats: 6, window: true } }\n", "tables"),
      "[(name = \"round\", seats = 2, window = false), (name = \"square\", seats = 6, window = "
      "true)]");
  EXPECT_EQ(read("      tables: [ { name: round, seats: 2 } ]\n", "tables"),
            "[(name = \"round\", seats = 2, window = false)]");
  EXPECT_EQ(read("      labels: { open: hello, 7: \"\" }\n", "labels"),
            "[(key = \"open\", value = \"hello\"), (key = \"7\", value = \"\")]");
}

TEST_F(LoadConfig, SubstitutesVariablesAndFiles) {
  variables = {{"NAME", "ana"}, {"EMPTY", ""}};
  write("safe.txt", "\n  hunter2 \n");
  EXPECT_EQ(
      read("      guests: [\"${NAME}x\", \"${NONE:-${EMPTY}\", \"$$5 $a\", \"${EMPTY:-b}\"]\n",
           "guests"),
      "[\"anax\", \"${EMPTY\", \"$5 $a\", \"b\"]");
  EXPECT_EQ(read("      password: file:safe.txt\n", "password"), "hunter2");
  write("chefs", "7\n");
  EXPECT_EQ(read("      chefs: file:chefs\n", "chefs"), "7");
}

TEST_F(LoadConfig, MakesPathsAbsolute) {
  write("policies/hot.lua", "return {}");
  write("near.lua", "return {}");
  std::string head = "host: { policy_path: policies, state: st }\n";
  ConfigResult result =
      load(head + kitchen("      recipe: hot.lua\n      menu: a/../menu.txt\n      key: file:k\n"));
  ASSERT_TRUE(result.diagnostics.ok()) << report(result);
  EXPECT_EQ(field(result, "recipe"), (folder / "policies/hot.lua").string());
  EXPECT_EQ(field(result, "menu"), (folder / "menu.txt").string());
  EXPECT_EQ(field(result, "key"), (folder / "k").string());
  EXPECT_EQ(field(result, "store"), "sqlite:" + (folder / "st/kitchen/kitchen.db").string());
  EXPECT_EQ(field(result, "scratch"), (folder / "st/kitchen/scratch").string());
  std::map<std::string, std::string> paths;
  for (const PathEntry& entry : result.config->instance("kitchen")->paths) {
    paths[joinPath(entry.path)] = entry.absolute;
  }
  EXPECT_EQ(paths["recipe"], (folder / "policies/hot.lua").string());
  EXPECT_EQ(paths["scratch"], (folder / "st/kitchen/scratch").string());
  EXPECT_EQ(read("      recipe: near.lua\n", "recipe"), (folder / "near.lua").string());
}

TEST_F(LoadConfig, JoinsIncludedFiles) {
  write("parts/local.yaml",
        "host: { log: { format: json } }\nplugins:\n  - { name: other, library: maitred-local }\n");
  ConfigResult result =
      load("include: parts/local.yaml\nhost: { log: { level: debug } }\n" + kitchen(""));
  ASSERT_TRUE(result.diagnostics.ok()) << report(result);
  EXPECT_EQ(result.config->host().getLog().getFormat(), settings::Log::Format::JSON);
  EXPECT_EQ(result.config->host().getLog().getLevel(), settings::Log::Level::DEBUG);
  ASSERT_NE(result.config->instance("other"), nullptr);
  EXPECT_EQ(result.config->locate(*result.config->instance("other")).file,
            (folder / "parts/local.yaml").string());
}

TEST_F(LoadConfig, RefusesTooManyFilesOnce) {
  std::string list;
  for (int i = 0; i < 300; ++i) {
    write("parts/" + std::to_string(i) + ".yaml", "{}");
    list += "  - parts/" + std::to_string(i) + ".yaml\n";
  }
  ConfigResult result = load("include:\n" + list + kitchen(""));
  EXPECT_EQ(result.diagnostics.errors(), 1u);
  EXPECT_THAT(report(result), HasSubstr("more than 256 files are included"));
}

TEST_F(LoadConfig, AppliesOverrides) {
  ConfigResult result =
      load(kitchen("      tip: 0.5\n"),
           {"plugins.kitchen.config.tip=0.75", "plugins.1.config.guests=[x, y]",
            "host.log.level=error", "plugins.kitchen.config.oven.mode=fan", "host.http.listen="});
  ASSERT_TRUE(result.diagnostics.ok()) << report(result);
  EXPECT_EQ(field(result, "tip"), "0.75");
  EXPECT_EQ(field(result, "guests"), "[\"x\", \"y\"]");
  EXPECT_EQ(result.config->host().getLog().getLevel(), settings::Log::Level::ERROR);
  EXPECT_EQ(result.config->host().getHttp().getListen(), "");
}

TEST_F(LoadConfig, KnowsWiringAndListeners) {
  ConfigResult result = load(kitchen(""));
  const Instance& plugin = *result.config->instance("kitchen");
  ASSERT_EQ(plugin.uses.size(), 1u);
  EXPECT_EQ(plugin.uses[0].requirement, "backends");
  EXPECT_THAT(plugin.uses[0].instances, ElementsAre("local"));
  ASSERT_EQ(plugin.listeners.size(), 2u);
  EXPECT_EQ(plugin.listeners[0].address, "127.0.0.1:1");
  EXPECT_EQ(plugin.listeners[1].address, "127.0.0.1:0");
  EXPECT_TRUE(plugin.listeners[1].fromDefault);
  Location edge = result.config->locateUse(plugin, "backends", "local");
  EXPECT_EQ(edge.line, 5u);
  EXPECT_EQ(edge.column, 24u);
}

TEST_F(LoadConfig, TellsWhereAPluginsProblemsAre) {
  ConfigResult result = load(kitchen("      tables:\n        round: { seats: 2 }\n"));
  const Instance& plugin = *result.config->instance("kitchen");
  for (ConfigPath path :
       {ConfigPath{"tables", "round", "seats"}, ConfigPath{"tables", "0", "seats"}}) {
    EXPECT_EQ(result.config->locate(plugin, path).line, 10u);
    EXPECT_EQ(result.config->locate(plugin, path).column, 25u);
  }
  EXPECT_EQ(result.config->locate(plugin, {"tables", "round", "window"}).line,
            10u);  // absent: what lacks it
  EXPECT_EQ(result.config->sources().locate({"plugins", "kitchen", "config", "dishes", "0"}).line,
            8u);

  capnp::MallocMessageBuilder message;
  auto problems = message.initRoot<capnp::List<plugin::Problem>>(1);
  auto path = problems[0].initPath(2);
  path.set(0, "tables");
  path.set(1, "round");
  problems[0].setSeverity(plugin::Severity::WARNING);
  problems[0].setMessage("wobbles");
  problems[0].setHint("mend it");
  addProblems(result.diagnostics, *result.config, plugin, problems.asReader());
  EXPECT_THAT(report(result),
              HasSubstr(":10:16: warning: plugin \"kitchen\", tables.round: wobbles"));
  EXPECT_EQ(result.diagnostics.exitCode(false), ExitCode::ok);
  EXPECT_EQ(result.diagnostics.exitCode(true), ExitCode::warnings);
}

TEST_F(LoadConfig, CannotReadAFileThatIsNotThere) {
  ConfigResult result = loadFile((folder / "none.yaml").string());
  EXPECT_EQ(result.config, nullptr);
  EXPECT_EQ(result.diagnostics.exitCode(false), ExitCode::unreadable);
  EXPECT_THAT(report(result), HasSubstr("none.yaml: error: the file does not exist"));
  EXPECT_EQ(loadFile(folder.string()).diagnostics.exitCode(false), ExitCode::unreadable);
  EXPECT_THAT(report(loadFile(write("big.yaml", std::string((1 << 20) + 1, '#')))),
              HasSubstr("larger than 1 MiB"));
}

TEST_F(LoadConfig, StopsReportingAtSomePoint) {
  std::string text = "host:\n";
  for (int i = 0; i < 2000; ++i) text += "  k" + std::to_string(i) + ": 1\n";
  ConfigResult result = load(text);
  EXPECT_EQ(result.diagnostics.sorted().size(), 501u);
  EXPECT_THAT(report(result), HasSubstr("more than 500 problems"));
}

TEST_F(LoadConfig, SpeaksToMachinesToo) {
  ConfigResult result = load(kitchen("      chef: 3\n"));
  std::stringstream out;
  result.diagnostics.write(out, Format::json);
  EXPECT_THAT(out.str(), HasSubstr("\"code\": \"unknown-key\""));
  EXPECT_THAT(out.str(), HasSubstr("\"line\": 9"));
  EXPECT_THAT(out.str(), HasSubstr("\"ok\": false"));
}

TEST_F(LoadConfig, HandsPluginPathsToTheSource) {
  load("host: { plugin_path: [lib, /opt/x] }\n" + kitchen(""));
  EXPECT_THAT(manifests.searched, ElementsAre((folder / "lib").string(), "/opt/x"));
}

}  // namespace
}  // namespace maitred::host
