// Print-outs, comparison, documentation and first files.

#include "host/config/tools.h"

#include "scratch.h"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

namespace maitred::host {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class ConfigTools : public ScratchTest {
 protected:
  static std::string effective(const ConfigResult& result) {
    std::stringstream out;
    printEffective(out, *result.config);
    return out.str();
  }
  std::string explain(const std::string& key, const LoadedConfig* config, bool known = true) {
    std::stringstream out;
    EXPECT_EQ(checkExplain(out, key, config), known) << out.str();
    return out.str();
  }
  static constexpr const char* full =
      "      store: sqlite:a.db\n      oven: { heat: 200.5, fuel: wood beech }\n      run_as: { "
      "shift: { day: ana } }\n"
      "      tables: { round: { seats: 2 }, \"a b\": { seats: 3 } }\n      labels: { x: \"true\", "
      "y: \"a: \\\"b\\\"\" }\n"
      "      matrix: [[1, -2], []]\n      guests: [\"$$HOME\", \"- x\", \"${}file:x\"]\n      "
      "seal: aGk=\n      "
      "power: 250m\n";
};

TEST_F(ConfigTools, EffectiveConfigReadsBackAsItself) {
  ConfigResult first = load(kitchen(full));
  ASSERT_EQ(report(first), "");
  std::string printed = effective(first);
  ConfigResult second = load(printed);
  ASSERT_EQ(report(second), "") << printed;
  EXPECT_EQ(effective(second), printed);
  EXPECT_THAT(printed, HasSubstr("${}file:x"));
  ConfigDiff diff = diffConfigs(*first.config, *second.config);
  EXPECT_THAT(diff.host, ElementsAre());
  for (const InstanceChange& change : diff.instances)
    EXPECT_EQ(change.change, Change::unchanged) << change.why;
}

TEST_F(ConfigTools, EffectiveConfigMasksSecrets) {
  std::string printed = effective(load(kitchen("      password: hunter2\n      key: k.pem\n")));
  EXPECT_THAT(printed, Not(HasSubstr("hunter2")));
  EXPECT_THAT(printed, HasSubstr("password: \"***\""));
  EXPECT_THAT(printed, HasSubstr("key: " + (folder / "k.pem").string()));
  EXPECT_THAT(printed, HasSubstr("patience: 1500ms"));
  EXPECT_THAT(printed, HasSubstr("drain_timeout: 30s"));
}

TEST_F(ConfigTools, DiffTellsConfigFromWiring) {
  ConfigResult before = load(kitchen("      password: a\n"));
  ConfigResult config = load(kitchen("      password: b\n      tables: { x: { seats: 1 } }\n"));
  ConfigDiff diff = diffConfigs(*before.config, *config.config);
  ASSERT_EQ(diff.instances.size(), 2u);
  EXPECT_EQ(diff.instances[0].change, Change::unchanged);
  EXPECT_EQ(diff.instances[1].change, Change::configChanged);
  EXPECT_EQ(diff.instances[1].why,
            "config.password, config.tables, config.tables.x, config.tables.x.seats, "
            "config.tables.x.window");

  ConfigResult wiring = load(
      "host: { log: { level: debug } }\nplugins:\n"
      "  - { name: kitchen, library: maitred-kitchen, uses: { backends: [far] },"
      " listen: { rest: '127.0.0.1:2' }, config: { dishes: [soup], password: a } }\n"
      "  - { name: far, library: maitred-local }\n");
  diff = diffConfigs(*before.config, *wiring.config);
  EXPECT_THAT(diff.host, ElementsAre("log.level"));
  ASSERT_EQ(diff.instances.size(), 3u);
  EXPECT_EQ(diff.instances[0].change, Change::wiringChanged);
  EXPECT_EQ(diff.instances[0].why, "listen.rest, uses.backends");
  EXPECT_EQ(diff.instances[1].change, Change::added);
  EXPECT_EQ(diff.instances[2].name, "local");
  EXPECT_EQ(diff.instances[2].change, Change::removed);
}

TEST_F(ConfigTools, ExplainsKeys) {
  std::string text = explain("host.drain_timeout", nullptr);
  EXPECT_THAT(text, HasSubstr("duration in milliseconds, 0..1d, default 30s"));
  EXPECT_THAT(text, HasSubstr("How long a stop waits"));
  EXPECT_THAT(text, HasSubstr("units: ns, us, ms"));
  EXPECT_THAT(explain("plugins.name", nullptr), HasSubstr("form: [a-z]"));
  EXPECT_THAT(explain("host", nullptr), HasSubstr("      log (section)"));
  EXPECT_THAT(explain("host.drain_timout", nullptr, false),
              HasSubstr("did you mean \"drain_timeout\"?"));
  EXPECT_THAT(explain("plugins.x.config.y", nullptr, false),
              HasSubstr("known only with its plugin"));

  ConfigResult result = load(kitchen("      chefs: 4\n      tables: { round: { seats: 2 } }\n"));
  EXPECT_THAT(explain("plugins.kitchen.config.chefs", result.config.get()),
              HasSubstr("set at " + (folder / "maitred.yaml").string() + ":9:7"));
  EXPECT_THAT(explain("plugins.kitchen.config.tables.round.seats", result.config.get()),
              HasSubstr("integer, required"));
  EXPECT_THAT(explain("plugins.kitchen.config.oven.fuel", result.config.get()),
              HasSubstr("choice of gas, wood"));
}

TEST_F(ConfigTools, DocumentsHostAndPlugins) {
  std::stringstream host, plugin;
  writeHostDocs(host);
  EXPECT_THAT(host.str(), HasSubstr("## `host.worker`"));
  EXPECT_THAT(host.str(),
              HasSubstr("| `heartbeat` | duration in milliseconds, 50ms..1min | `1s` |"));
  for (auto manifest : manifests.all()) writePluginDocs(plugin, manifest);
  EXPECT_THAT(plugin.str(), HasSubstr("# maitred-kitchen 1.0.0"));
  EXPECT_THAT(plugin.str(),
              HasSubstr("| `chefs` | integer, 1..40 | `3` | Cooks at work at the same time. |"));
  EXPECT_THAT(plugin.str(), HasSubstr("## `config.oven.fuel`"));
  EXPECT_THAT(plugin.str(), HasSubstr("- `backends`: maitred.backend.Backend"));
  EXPECT_THAT(plugin.str(), HasSubstr("Secret: write"));
}

TEST_F(ConfigTools, GivesEditorsASchema) {
  std::stringstream out;
  writeFileJsonSchema(out, manifests.all());
  auto json = nlohmann::json::parse(out.str());
  auto& kitchen = json["$defs"]["maitred-kitchen.Kitchen"];
  EXPECT_EQ(kitchen["additionalProperties"], false);
  EXPECT_EQ(kitchen["properties"]["chefs"]["anyOf"][0]["maximum"], 40);
  EXPECT_EQ(kitchen["properties"]["chefs"]["default"], 3);
  EXPECT_EQ(kitchen["properties"]["power"]["anyOf"][0]["minimum"], 0.001);
  EXPECT_EQ(json["$defs"]["Plugin"]["required"], nlohmann::json::array({"name", "library"}));
  EXPECT_EQ(json["$defs"]["Plugin"]["allOf"].size(), 2u);
  // Every reference leads somewhere.
  std::string text = out.str();
  for (size_t at = 0; (at = text.find("#/$defs/", at)) != std::string::npos; ++at) {
    std::string name = text.substr(at + 8, text.find('"', at) - at - 8);
    EXPECT_TRUE(json["$defs"].contains(name)) << name;
  }
  for (auto manifest : manifests.all()) {
    std::stringstream one;
    writePluginJsonSchema(one, manifest);
    EXPECT_TRUE(nlohmann::json::accept(one.str()));
  }
}

// The manifests that `init` looks for, played by the kitchen's.
class FirstPlugins final : public ManifestSource {
 public:
  explicit FirstPlugins(KitchenSource& kitchen) : kitchen(kitchen) {}
  kj::Maybe<manifest::Embedded::Reader> find(kj::StringPtr library, kj::String& looked) override {
    return kitchen.find(library == "maitred-cook" ? kj::StringPtr("maitred-kitchen") : library,
                        looked);
  }
  KitchenSource& kitchen;
};

TEST_F(ConfigTools, InitWritesAFileThatPassesTheCheck) {
  FirstPlugins plugins(manifests);
  std::stringstream out;
  writeInitialConfig(out, &plugins);
  std::string text = out.str();
  EXPECT_THAT(text, HasSubstr("    uses: { backends: [local] }\n"));
  EXPECT_THAT(text, HasSubstr("  # drain_timeout: 30s\n"));
  EXPECT_THAT(text, HasSubstr("      # menu: menu.txt\n"));
  Options options{.file = write("maitred.yaml", text), .manifests = &plugins};
  ConfigResult result = loadConfig(options);
  EXPECT_EQ(report(result), "") << text;

  std::stringstream bare;
  writeInitialConfig(bare, nullptr);
  result = loadConfig({.file = write("maitred.yaml", bare.str())});
  EXPECT_EQ(report(result), "") << bare.str();
}

}  // namespace
}  // namespace maitred::host
