// `maitred plugins conform`: the conformance suite, for people and for scripts.

#include "plugins-conform.h"

#include "commands.h"
#include "host/config/names.h"
#include "host/conform/suite.h"
#include "setup.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>
#include <iomanip>
#include <iostream>
#include <map>
#include <sstream>
#include <thread>

#include <stdlib.h>

namespace maitred::host::cli {

namespace fs = std::filesystem;
using conform::Isolation;
using conform::Outcome;
using conform::Result;

namespace {

Words checkNames() {
  Words names;
  for (const auto& check : conform::checks()) names.push_back(check.name);
  return names;
}

int listChecks() {
  for (const auto& check : conform::checks()) {
    std::cout << std::left << std::setw(16) << check.name << check.summary << "\n";
  }
  return Exit::ok;
}

void requireCheck(const std::string& name) {
  if (conform::checkNamed(name) != nullptr) return;
  auto near = nearest(name, checkNames());
  throw UsageError{"there is no check " + quote(name) +
                   (near ? ", did you mean " + quote(*near) + "?" : "; see --list")};
}

// --reproduce SEED/NAME stands for --seed SEED --check NAME.
void takeReproduce(const std::string& text, conform::SuiteOptions& options) {
  auto slash = text.find('/');
  std::istringstream number(text.substr(0, slash));
  if (slash == std::string::npos || !(number >> options.seed) || !number.eof()) {
    throw UsageError{"--reproduce takes SEED/NAME, e.g. 1/drain-in-work"};
  }
  options.only = {text.substr(slash + 1)};
}

kj::Duration patienceOf(const po::variables_map& values) {
  double seconds = values["timeout"].as<double>();
  if (!(seconds >= 0.1 && seconds <= 3600)) {
    throw UsageError{"--timeout: seconds between 0.1 and 3600 are expected"};
  }
  return static_cast<int64_t>(seconds * 1000) * kj::MILLISECONDS;
}

// A file stays one when each check has a working folder of its own.
std::string configOf(const po::variables_map& values) {
  if (values.count("config") == 0) return "";
  auto text = values["config"].as<std::string>();
  std::error_code error;
  if (fs::is_regular_file(text, error)) return fs::absolute(text).string();
  bool yaml = text.find_first_of(":{\n") != std::string::npos;
  if (!yaml) {
    throw UsageError{"--config: there is no file " + quote(text) +
                     ", and it is no YAML of an instance's config either"};
  }
  return text;
}

conform::SuiteOptions suiteOptions(const po::variables_map& values) {
  conform::SuiteOptions options;
  auto isolation = oneOf(values, "isolation", {"both", "process", "inline"});
  if (isolation == "process") options.isolations = {Isolation::process};
  if (isolation == "inline") options.isolations = {Isolation::inlined};
  options.seed = values["seed"].as<uint64_t>();
  options.patience = patienceOf(values);
  options.jobs = values.count("jobs") > 0 ? values["jobs"].as<unsigned>()
                                          : std::clamp(std::thread::hardware_concurrency(), 1u, 4u);
  if (options.jobs < 1 || options.jobs > 64) throw UsageError{"--jobs: 1 to 64 are expected"};
  if (values.count("check") > 0) options.only = values["check"].as<Words>();
  if (values.count("reproduce") > 0) takeReproduce(values["reproduce"].as<std::string>(), options);
  for (const auto& name : options.only) requireCheck(name);
  auto& subject = options.subject;
  subject.config = configOf(values);
  for (auto& folder : pluginDirectories(values)) {
    subject.pluginPath.push_back(fs::absolute(folder).string());
  }
  for (auto& folder : policyDirectories(values)) {
    subject.policyPath.push_back(fs::absolute(folder).string());
  }
  return options;
}

// A config that cannot be used is a mistake of whoever runs the suite, not of the plugin.
void requireConfig(const conform::SuiteOptions& options) {
  if (std::holds_alternative<Refusal>(readLibrary(options.subject.library))) return;  // `note`
  std::string folder = (fs::temp_directory_path() / "maitred-conform-XXXXXX").string();
  if (mkdtemp(folder.data()) == nullptr) throw Failure{"cannot make the folder " + folder};
  std::string fault;
  try {
    auto subject = options.subject;
    subject.scratch = folder;
    conform::Subject examined(subject);
  } catch (const conform::Failed& failed) {
    fault = failed.reason;
  }
  std::error_code ignored;
  fs::remove_all(folder, ignored);
  if (!fault.empty()) throw Failure{fault};
}

void print(const Outcome& outcome) {
  std::cout << "  " << std::left << std::setw(16) << outcome.check->name << std::setw(9)
            << conform::nameOf(outcome.isolation) << std::setw(16)
            << conform::nameOf(outcome.verdict.result) << outcome.verdict.reason << "\n"
            << std::flush;
}

std::string again(const Outcome& outcome, const conform::SuiteOptions& options) {
  std::string text = "--reproduce " + std::to_string(options.seed) + "/" + outcome.check->name;
  if (outcome.isolation != Isolation::none) {
    text += std::string(" --isolation ") + conform::nameOf(outcome.isolation);
  }
  return text;
}

struct Totals {
  size_t passed = 0, failed = 0, notApplicable = 0;
};
Totals totalsOf(const std::vector<Outcome>& outcomes) {
  Totals totals;
  for (const auto& outcome : outcomes) {
    totals.passed += outcome.verdict.result == Result::passed ? 1 : 0;
    totals.failed += outcome.verdict.result == Result::failed ? 1 : 0;
    totals.notApplicable += outcome.verdict.result == Result::notApplicable ? 1 : 0;
  }
  return totals;
}

void printEnd(const std::vector<Outcome>& outcomes, const conform::SuiteOptions& options) {
  auto totals = totalsOf(outcomes);
  std::cout << totals.passed << " passed, " << totals.failed << " failed, "
            << totals.notApplicable << " not applicable\n";
  for (const auto& outcome : outcomes) {
    if (outcome.verdict.result != Result::failed) continue;
    std::cout << "again: " << again(outcome, options) << "\n";
  }
}

void printJson(const std::vector<Outcome>& outcomes, const conform::SuiteOptions& options) {
  auto totals = totalsOf(outcomes);
  nlohmann::ordered_json json = {
      {"plugin", options.subject.library}, {"seed", options.seed},
      {"passed", totals.passed},           {"failed", totals.failed},
      {"not_applicable", totals.notApplicable}, {"checks", nlohmann::ordered_json::array()}};
  const std::map<Result, const char*> words = {{Result::passed, "passed"},
                                               {Result::failed, "failed"},
                                               {Result::notApplicable, "not_applicable"}};
  for (const auto& outcome : outcomes) {
    nlohmann::ordered_json check = {{"check", outcome.check->name}};
    if (outcome.isolation != Isolation::none) {
      check["isolation"] = conform::nameOf(outcome.isolation);
    }
    check["result"] = words.at(outcome.verdict.result);
    check["reason"] = outcome.verdict.reason;
    check["milliseconds"] = outcome.took / kj::MILLISECONDS;
    if (outcome.verdict.result == Result::failed) check["again"] = again(outcome, options);
    json["checks"].push_back(check);
  }
  using Handler = nlohmann::json::error_handler_t;
  std::cout << json.dump(2, ' ', false, Handler::replace) << "\n";
}

int conformPlugin(const po::variables_map& values) {
  if (values.count("list") > 0) return listChecks();
  if (values.count("plugin") == 0) {
    throw UsageError{"name a plugin: maitred plugins conform FILE.so; or see --list"};
  }
  bool json = values.count("json") > 0;
  auto options = suiteOptions(values);
  PluginPath path(pluginDirectories(values));
  auto found = findPlugin(values["plugin"].as<std::string>(), path);
  if (auto* refusal = std::get_if<Refusal>(&found)) {
    if (refusal->kind == RefusalKind::notFound) throw Failure{refusal->sentence()};
    options.subject.library = refusal->path;
  } else {
    options.subject.library = std::get<LibraryPtr>(found)->path();
  }
  requireConfig(options);
  if (!json) std::cout << options.subject.library << ", seed " << options.seed << "\n";
  auto outcomes = conform::runSuite(options, [json](const Outcome& outcome) {
    if (!json) print(outcome);
  });
  json ? printJson(outcomes, options) : printEnd(outcomes, options);
  return totalsOf(outcomes).failed > 0 ? Exit::failed : Exit::ok;
}

int conformOne(const po::variables_map& values) {
  conform::OneOptions options;
  options.subject.library = values["plugin"].as<std::string>();
  options.subject.scratch = values["scratch"].as<std::string>();
  if (values.count("config") > 0) options.subject.config = values["config"].as<std::string>();
  auto words = [&](const char* name) {
    return values.count(name) > 0 ? values[name].as<Words>() : Words();
  };
  options.subject.pluginPath = words("plugin-path");
  options.subject.policyPath = words("policy-path");
  options.check = values["one"].as<std::string>();
  for (auto isolation : {Isolation::process, Isolation::inlined}) {
    if (values["in"].as<std::string>() == conform::nameOf(isolation)) options.isolation = isolation;
  }
  options.seed = values["seed"].as<uint64_t>();
  options.patience = values["patience"].as<uint64_t>() * kj::MILLISECONDS;
  return conform::runOne(options);
}

void addConformOptions(po::options_description& options) {
  auto add = options.add_options();
  add("plugin", po::value<std::string>(), "");
  add("config", po::value<std::string>()->value_name("FILE|YAML"),
      "what to start it with: a configuration file that has an instance of it, or YAML as it "
      "stands under an instance's `config:`; without it, defaults and the schema's examples");
  add("isolation", po::value<std::string>()->default_value("both")->value_name("WORD"),
      "process, inline or both");
  add("check", po::value<Words>()->value_name("NAME")->composing(),
      "only this check; may be repeated");
  add("seed", po::value<uint64_t>()->default_value(1)->value_name("N"),
      "what is drawn by chance is drawn by this; the same number draws the same");
  add("reproduce", po::value<std::string>()->value_name("SEED/NAME"),
      "one check with that seed, as a failed run names it");
  add("timeout", po::value<double>()->default_value(10, "10")->value_name("SECONDS"),
      "what any single step of the plugin may take");
  add("jobs,j", po::value<unsigned>()->value_name("N"),
      "checks at once; by default the number of processors, at most 4");
  add("list", "print what is checked");
  add("json", "print JSON");
  addPathOptions(options);
}

}  // namespace

Command conformCommand() {
  Command command;
  command.name = "conform";
  command.summary = "Tests whether a plugin keeps the rules, with faults on its host's side.";
  command.positional = "NAME|FILE.so";
  command.positionals = {"plugin"};
  command.options = addConformOptions;
  command.run = conformPlugin;
  command.values = [] {
    return std::map<std::string, Words>{{"isolation", {"both", "process", "inline"}},
                                        {"check", checkNames()}};
  };
  command.notes = [] {
    return std::string(
        "The plugin is run for real, in folders that are removed afterwards.\n"
        "exit codes: 0 nothing failed, 1 something failed, 64 wrong use");
  };
  return command;
}

Command conformOneCommand() {
  Command command;
  command.name = "conform-one";
  command.summary = "One check, for `maitred plugins conform`; not for people.";
  command.hidden = true;
  command.positionals = {"plugin"};
  command.options = [](po::options_description& options) {
    auto add = options.add_options();
    add("plugin", po::value<std::string>()->required(), "");
    for (const char* name : {"one", "in", "scratch"}) {
      add(name, po::value<std::string>()->required(), "");
    }
    add("config", po::value<std::string>(), "");
    for (const char* name : {"seed", "patience"}) add(name, po::value<uint64_t>()->required(), "");
    addPathOptions(options);
  };
  command.run = conformOne;
  return command;
}

}  // namespace maitred::host::cli
