// Metrics: what a running system exports is what docs/operate/metrics.md says, and what the alerts
// and the dashboard in examples/monitoring ask for is exported.
#include "system.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>

namespace maitred::e2e {
namespace {

using Names = std::set<std::string>;

struct Family {
  std::string type;
  Names labels;  // of all its samples, without `le`

  bool operator==(const Family&) const = default;
};
using Families = std::map<std::string, Family>;

void PrintTo(const Family& family, std::ostream* out) {
  *out << family.type << ::testing::PrintToString(family.labels);
}

std::string file(const std::string& name) {
  std::ifstream in(std::string(std::getenv("MAITRED_SOURCE_DIR")) + "/" + name);
  EXPECT_TRUE(in.is_open()) << name;
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

std::vector<std::smatch> matches(const std::string& text, const std::regex& pattern) {
  return {std::sregex_iterator(text.begin(), text.end(), pattern), std::sregex_iterator()};
}

Families exportedIn(const std::string& text) {
  static const std::regex type("# TYPE (\\S+) (\\S+)"), label("([a-z_]+)=\""),
      sample("^([a-z_]+)(\\{.*\\})? \\S+$");
  Families families;
  std::string current;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::smatch found;
    if (std::regex_match(line, found, type)) {
      current = found[1];
      families[current].type = found[2];
    } else if (std::regex_match(line, found, sample)) {
      EXPECT_TRUE(found[1].str().starts_with(current)) << line;
      std::string labels = found[2];
      for (auto& one : matches(labels, label)) {
        if (one[1] != "le") families[current].labels.insert(one[1]);
      }
    }
  }
  return families;
}

Families documented() {
  static const std::regex row(R"(\| `(\w+)` \| (\w+) \|([^|]*)\| [^|]+ \|)"), label("`(\\w+)`");
  Families families;
  std::istringstream lines(file("docs/operate/metrics.md"));
  for (std::string line; std::getline(lines, line);) {
    std::smatch found;
    if (!std::regex_match(line, found, row)) continue;
    Family family{found[2], {}};
    std::string labels = found[3];
    for (auto& one : matches(labels, label)) family.labels.insert(one[1]);
    EXPECT_TRUE(families.emplace(found[1], family).second) << "twice: " << found[1];
  }
  return families;
}

// Errs where a job of priority 77 waits.
constexpr const char* slyPolicy = R"(
return { kind = "fairness", version = 1,
  score = function(mem, cpus, gpus, share_mem, share_cpus, share_gpus, priority, submitted_ms)
    if priority == 77 then error("no") end
    return cpus / share_cpus
  end }
)";

// A system in which everything has happened once that makes a metric appear.
const Families& exported() {
  static const Families families = [] {
    System::Options options;
    options.policy = "./sly.lua";
    options.tls = true;
    options.extraPlugins =
        "  - name: sim\n    library: maitred-sim\n"
        "    config: { nodes: { shadow: { count: 1 } } }\n"
        "  - name: demo\n    library: cook-demo\n";
    System system(options);
    system.editConfig("backends: [local]", "backends: [local], submission_validators: [demo]");
    system.editConfig("      admins: [operator]\n",
                      "      admins: [operator]\n      rebalancer: { interval: 1s, "
                      "max_preemption: 10, min_dru_diff: 0.1, safe_dru_threshold: 1.0 }\n"
                      "      rate_limit: { per_user_per_pool_job_launch: { enforce: true } }\n");
    std::ofstream(system.folder() + "/sly.lua") << slyPolicy;
    system.start();
    // The first fails the policy; the others hold the whole node, and a newcomer comes.
    json jobs = json::array({job("true")});
    jobs[0]["priority"] = 77;
    for (int i = 0; i < 4; ++i) jobs.push_back(job("sleep 600"));
    EXPECT_EQ(system.submit("ana", jobs), 201u);
    json late = json::array({job("sleep 600", 2)});
    EXPECT_EQ(system.submit("ben", late), 201u);
    std::string text;
    system.eventually("everything has happened once", [&]() {
      text = system.metrics();
      for (const char* last : {"maitred_local_ended_total", "maitred_cook_policy_failures_total",
                               "maitred_cook_user_jobs", "maitred_cook_preemptions_caused_total"}) {
        if (text.find(std::string(last) + "{") == std::string::npos) return false;
      }
      return true;
    });
    std::string kill = "/rawscheduler?job=" + uuidsOf(late)[0];
    for (const auto& uuid : uuidsOf(jobs)) kill += "&job=" + uuid;
    EXPECT_EQ(system.rest("DELETE", kill).status, 204u);
    system.waitFor(uuidsOf(late));
    system.waitFor(uuidsOf(jobs));
    return exportedIn(text);
  }();
  return families;
}

// The family of a name in an expression, which may be a part of a histogram; null if none has it.
const Family* familyOf(const std::string& name) {
  auto found = exported().find(name);
  if (found != exported().end()) return &found->second;
  for (std::string_view suffix : {"_bucket", "_count", "_sum"}) {
    if (!name.ends_with(suffix)) continue;
    found = exported().find(name.substr(0, name.size() - suffix.size()));
    if (found != exported().end() && found->second.type == "histogram") return &found->second;
  }
  return nullptr;
}

// Every metric that an expression names is exported, and so is every label that it selects by.
void expectAnswerable(const std::string& expression) {
  static const std::regex metric(R"(\b(maitred_\w+)(\{[^}]*\})?)");
  static const std::regex label(R"re((\w+)\s*[=!]~?\s*")re");
  auto found = matches(expression, metric);
  for (auto& one : found) {
    const Family* family = familyOf(one[1]);
    EXPECT_NE(family, nullptr) << "not exported: " << one[1] << " in " << expression;
    if (family == nullptr) continue;
    std::string selector = one[2];
    for (auto& key : matches(selector, label)) {
      // `host` and `job` are Prometheus' own, see prometheus.yaml.
      EXPECT_TRUE(key[1] == "host" || key[1] == "job" || family->labels.contains(key[1]))
          << one[1] << " has no label " << key[1] << ": " << expression;
    }
  }
  int depth = 0;
  for (char c : expression) {
    depth += (c == '(') - (c == ')');
    ASSERT_GE(depth, 0) << expression;
  }
  EXPECT_EQ(depth, 0) << expression;
}

TEST(Metrics, AreThoseOfTheDocumentation) {
  auto known = documented();
  for (const auto& [name, family] : exported()) {
    ASSERT_TRUE(known.contains(name)) << name << " is not in docs/operate/metrics.md";
    EXPECT_EQ(known[name], family) << name;
  }
  for (const auto& [name, family] : known) {
    EXPECT_TRUE(exported().contains(name)) << name << " is documented, but not exported";
  }
}

TEST(Alerts, StandOnMetricsThatAreExported) {
  auto rules = YAML::Load(file("examples/monitoring/alerts.yaml"));
  Names alerts;
  for (const auto& group : rules["groups"]) {
    for (const auto& rule : group["rules"]) {
      auto name = rule["alert"].as<std::string>();
      EXPECT_TRUE(alerts.insert(name).second) << "twice: " << name;
      expectAnswerable(rule["expr"].as<std::string>());
      EXPECT_THAT(rule["labels"]["severity"].as<std::string>(), ::testing::AnyOf("page", "ticket"));
      EXPECT_FALSE(rule["annotations"]["summary"].as<std::string>().empty());
      EXPECT_FALSE(rule["annotations"]["description"].as<std::string>().empty());
    }
  }
  EXPECT_GT(alerts.size(), 10u);
  auto scrape = YAML::Load(file("examples/monitoring/prometheus.yaml"));
  EXPECT_EQ(scrape["rule_files"][0].as<std::string>(), "alerts.yaml");
  EXPECT_TRUE(scrape["scrape_configs"][0]["honor_labels"].as<bool>());
}

TEST(Dashboard, StandsOnMetricsThatAreExported) {
  auto dashboard = json::parse(file("examples/monitoring/dashboard.json"));
  std::set<int> ids;
  size_t expressions = 0;
  for (const auto& panel : dashboard["panels"]) {
    EXPECT_TRUE(ids.insert(panel["id"].get<int>()).second) << panel["title"];
    if (panel["type"] == "row") continue;
    for (const auto& target : panel["targets"]) {
      expectAnswerable(target["expr"]);
      ++expressions;
    }
  }
  EXPECT_GT(expressions, 20u);
  for (const auto& variable : dashboard["templating"]["list"]) {
    if (variable["type"] == "query") expectAnswerable(variable["query"]);
  }
}

}  // namespace
}  // namespace maitred::e2e
