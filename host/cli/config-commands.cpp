// The commands about the configuration file: check, init, config-docs, and run.

#include "commands.h"
#include "host/config/names.h"
#include "host/config/tools.h"
#include "host/runtime/check.h"
#include "host/runtime/run.h"
#include "setup.h"
#include "version.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <iostream>
#include <sstream>

namespace maitred::host::cli {

namespace {

int check(const po::variables_map& values) {
  auto format = oneOf(values, "format", {"text", "json"}) == "json" ? Format::json : Format::text;
  bool strict = values.count("strict") > 0;
  PluginManifests manifests(pluginDirectories(values));
  auto result = loadConfig(configOptions(values, manifests));

  if (values.count("explain") > 0) {
    std::ostringstream text;
    bool known = checkExplain(text, values["explain"].as<std::string>(), result.config.get());
    (known ? std::cout : std::cerr) << text.str();
    return known ? Exit::ok : Exit::failed;
  }
  auto& faults = result.diagnostics;
  if (result.config != nullptr) {
    if (faults.ok()) checkWiring(*result.config, faults);
    if (faults.ok() && values.count("static") == 0) {
      checkPluginsBlocking(*result.config, manifests, faults);
    }
  }
  if (values.count("print-effective") > 0 && faults.ok()) {
    printEffective(std::cout, *result.config);
    faults.write(std::cerr, format);
    return faults.exitCode(strict);
  }
  faults.write(format == Format::json || faults.ok() ? std::cout : std::cerr, format);
  if (format == Format::text && faults.ok() && faults.warnings() == 0) {
    auto count = result.config->instances().size();
    std::cout << values["config"].as<std::string>() << ": ok, " << count
              << (count == 1 ? " plugin\n" : " plugins\n");
  }
  return faults.exitCode(strict);
}

int init(const po::variables_map& values) {
  PluginManifests manifests(pluginDirectories(values));
  std::ostringstream text;
  writeInitialConfig(text, &manifests);
  auto file = values["file"].as<std::string>();
  if (file == "-") {
    std::cout << text.str();
    return Exit::ok;
  }
  int flags = O_WRONLY | O_CREAT | O_CLOEXEC | (values.count("force") > 0 ? O_TRUNC : O_EXCL);
  int fd = open(file.c_str(), flags, 0644);
  if (fd < 0 && errno == EEXIST) {
    throw Failure{file + " is there already; name another file, or overwrite it with --force"};
  }
  if (fd < 0) throw Failure{"cannot write " + file + ": " + strerror(errno)};
  close(fd);
  std::ofstream out(file, std::ios::trunc);
  out << text.str();
  out.close();
  if (!out) throw Failure{"cannot write " + file + ": " + strerror(errno)};
  std::cout << "wrote " << file << "; next: maitred check " << file
            << ", then maitred run --config " << file << "\n";
  return Exit::ok;
}

int configDocs(const po::variables_map& values) {
  bool schema = oneOf(values, "format", {"markdown", "json-schema"}) == "json-schema";
  auto subject = values["subject"].as<std::string>();
  PluginManifests manifests(pluginDirectories(values));
  if (subject == "host") {
    if (!schema) {
      writeHostDocs(std::cout);
      return Exit::ok;
    }
    std::vector<manifest::Embedded::Reader> all;
    std::vector<LibraryPtr> kept;
    for (auto& result : manifests.plugins().all()) {
      auto* library = std::get_if<LibraryPtr>(&result);
      if (library == nullptr) continue;
      kept.push_back(*library);
      all.push_back((*library)->embedded());
    }
    writeFileJsonSchema(std::cout, all);
    return Exit::ok;
  }
  auto library = manifests.plugins().byAlias(subject);
  if (library == nullptr) {
    auto result = manifests.library(subject);
    if (auto* refusal = std::get_if<Refusal>(&result)) throw Failure{refusal->sentence()};
    library = std::get<LibraryPtr>(result);
  }
  if (schema) {
    writePluginJsonSchema(std::cout, library->embedded());
  } else {
    writePluginDocs(std::cout, library->embedded());
  }
  return Exit::ok;
}

int run(const po::variables_map& values) {
  PluginManifests manifests(pluginDirectories(values));
  RunOptions options;
  options.load = configOptions(values, manifests);
  options.plugins = &manifests;
  options.version = hostVersion();
  return runHost(std::move(options));
}

// A command with one positional word, which is the value of the option `key`.
Command about(const char* name, const char* positional, const char* key,
              int (*run)(const po::variables_map&), const char* summary) {
  Command command;
  command.name = name;
  command.summary = summary;
  command.positional = positional;
  command.positionals = {key};
  command.run = run;
  return command;
}

}  // namespace

Command runCommand() {
  auto command = about("run", "[FILE]", "config", run,
                       "Runs the host with its plugins until it is told to end.");
  command.options = addConfigOptions;
  command.notes = [] {
    return std::string(
        "SIGTERM drains and ends, SIGHUP reads the configuration again, SIGUSR1 opens the log "
        "anew.");
  };
  return command;
}

Command checkCommand() {
  auto command =
      about("check", "[FILE]", "config", check,
            "Checks a configuration: every fault in one run, nothing is started for good.");
  command.options = [](po::options_description& options) {
    addConfigOptions(options);
    options.add_options()(
        "explain", po::value<std::string>()->value_name("KEY"),
        "print what a key means, its type, range and default, e.g. host.log.level")(
        "strict", "end with 1 if there are warnings")(
        "format", po::value<std::string>()->default_value("text")->value_name("WORD"),
        "text or json")("print-effective",
                        "print the whole configuration, defaults filled in, secrets masked")(
        "static", "leave out the plugins' own checks, which run in throw-away processes");
  };
  command.values = [] { return std::map<std::string, Words>{{"format", {"text", "json"}}}; };
  command.notes = [] {
    return std::string(
        "exit codes: 0 good, 1 warnings (with --strict), 2 faults, 3 the file cannot be read");
  };
  return command;
}

Command initCommand() {
  auto command = about("init", "[FILE]", "file", init, "Writes a commented first configuration.");
  command.options = [](po::options_description& options) {
    options.add_options()("file", po::value<std::string>()->default_value(defaultConfig), "")(
        "force", "overwrite the file if it is there");
    addPathOptions(options);
  };
  command.notes = [] {
    return std::string("FILE is maitred.yaml if not given; - is standard output.");
  };
  return command;
}

Command configDocsCommand() {
  auto command = about("config-docs", "host|PLUGIN", "subject", configDocs,
                       "Prints the reference of the host's or a plugin's configuration.");
  command.options = [](po::options_description& options) {
    options.add_options()("subject", po::value<std::string>()->required(), "")(
        "format", po::value<std::string>()->default_value("markdown")->value_name("WORD"),
        "markdown, or json-schema for editors (of `host`: the whole file with every installed "
        "plugin)");
    addPathOptions(options);
  };
  command.values = [] {
    Words subjects = {"host"};
    PluginPath path(pluginDirectories({}));
    for (const auto& result : path.all()) {
      if (auto* library = std::get_if<LibraryPtr>(&result)) {
        subjects.push_back((*library)->manifest().getName().cStr());
      }
    }
    return std::map<std::string, Words>{{"", subjects}, {"format", {"markdown", "json-schema"}}};
  };
  return command;
}

}  // namespace maitred::host::cli
