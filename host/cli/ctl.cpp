// `maitred ctl …`: questions and orders to a running host.

#include "admin-client.h"
#include "commands.h"
#include "ctl-store.h"
#include "ctl-tables.h"
#include "support/support.h"
#include "to-json.h"

#include <fstream>
#include <iostream>
#include <iterator>

namespace maitred::host::cli {

namespace {

constexpr size_t maxInputBytes = 1 << 20;

using Values = po::variables_map;

bool wantsJson(const Values& values) {
  return values.count("json") > 0;
}

void print(const nlohmann::ordered_json& value) {
  std::cout << value.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) << "\n";
}

int status(const Values& values) {
  AdminClient host(values);
  auto response = host.wait(host.admin().statusRequest().send());
  auto wanted = textOf(values, "instance");
  if (wanted.empty()) {
    if (wantsJson(values)) {
      print(toJson(response.getStatus()));
    } else {
      writeStatus(std::cout, response.getStatus());
    }
    return Exit::ok;
  }
  for (auto instance : response.getStatus().getInstances()) {
    if (wanted != instance.getName().cStr()) continue;
    if (wantsJson(values)) {
      print(toJson(instance));
    } else {
      writeInstance(std::cout, instance);
    }
    return Exit::ok;
  }
  throw Failure{"there is no instance \"" + wanted + "\""};
}

int grants(const Values& values) {
  AdminClient host(values);
  auto response = host.wait(host.admin().grantsRequest().send());
  if (wantsJson(values)) {
    print(toJson(response.getEdges()));
  } else {
    writeGrants(std::cout, response.getEdges());
  }
  return Exit::ok;
}

int reload(const Values& values) {
  AdminClient host(values);
  auto request = host.admin().reloadRequest();
  bool dryRun = values.count("dry-run") > 0;
  request.setDryRun(dryRun);
  auto response = host.wait(request.send(), 120000);
  if (wantsJson(values)) {
    print(toJson(capnp::DynamicStruct::Reader(
        capnp::Response<admin::Admin::ReloadResults>::Reader(response))));
  } else {
    writeReload(response.getAccepted() ? std::cout : std::cerr, response, dryRun);
  }
  return response.getAccepted() ? Exit::ok : Exit::failed;
}

int drain(const Values& values) {
  auto instance = textOf(values, "instance");
  bool all = values.count("all") > 0;
  if (instance.empty() == !all) {
    throw UsageError{"name one instance, or --all, which ends the host after all have drained"};
  }
  double seconds = values["deadline"].as<double>();
  if (!(seconds >= 0 && seconds <= 86400))
    throw UsageError{"--deadline: seconds up to 86400 are expected"};
  AdminClient host(values);
  auto request = host.admin().drainRequest();
  request.setInstance(instance);
  request.setDeadlineMs(static_cast<uint32_t>(seconds * 1000));
  // Asked first, so that a later hang-up can only mean the end that was wanted.
  if (all) host.wait(host.admin().statusRequest().send());
  auto drained = request.send().ignoreResult();
  if (all) {
    drained = drained.catch_([](kj::Exception&& e) {
      if (e.getType() != kj::Exception::Type::DISCONNECTED) kj::throwFatalException(kj::mv(e));
    });
  }
  host.wait(kj::mv(drained), static_cast<uint64_t>(seconds * 1000));
  std::cout << (all ? "the host has drained"
                    : instance + " has drained; `maitred ctl restart " + instance +
                          "` brings it back")
            << "\n";
  return Exit::ok;
}

int restart(const Values& values) {
  AdminClient host(values);
  auto request = host.admin().restartRequest();
  request.setInstance(textOf(values, "instance"));
  host.wait(request.send(), 60000);
  std::cout << textOf(values, "instance") << " was started again\n";
  return Exit::ok;
}

int metrics(const Values& values) {
  AdminClient host(values);
  std::cout << host.wait(host.admin().metricsRequest().send()).getText().cStr();
  return Exit::ok;
}

int logLevel(const Values& values) {
  AdminClient host(values);
  auto request = host.admin().logLevelRequest();
  auto instance = textOf(values, "instance");
  request.setInstance(instance == "host" ? "" : instance);
  request.setLevel(textOf(values, "level"));
  auto response = host.wait(request.send());
  std::cout << instance << ": " << response.getLevel().cStr() << "\n";
  return Exit::ok;
}

int ask(const Values& values) {
  auto input = textOf(values, "input");
  if (input == "-") {
    input.assign(std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>());
  }
  if (input.size() > maxInputBytes) throw UsageError{"the input is larger than 1 MiB"};
  AdminClient host(values);
  auto request = host.admin().askRequest();
  request.setInstance(textOf(values, "instance"));
  request.setName(textOf(values, "name"));
  request.setInput(input);
  auto response = host.wait(request.send());
  std::string output = response.getOutput().cStr();
  std::cout << output << (output.ends_with('\n') ? "" : "\n");
  return Exit::ok;
}

int reopenLogs(const Values& values) {
  AdminClient host(values);
  host.wait(host.admin().reopenLogsRequest().send());
  return Exit::ok;
}

int config(const Values& values) {
  AdminClient host(values);
  std::cout << host.wait(host.admin().configRequest().send()).getEffective().cStr();
  return Exit::ok;
}

// One subcommand; `words` are its positional options, those with a '?' may be left out.
Command make(const char* name, const char* summary, const char* positional,
             std::vector<std::string> words, int (*run)(const Values&),
             std::function<void(po::options_description&)> more = {}) {
  Command command;
  command.name = name;
  command.summary = summary;
  command.positional = positional;
  command.run = run;
  command.options = [words, more](po::options_description& options) {
    for (const auto& word : words) {
      auto* value = po::value<std::string>();
      if (!word.starts_with('?')) value->required();
      options.add_options()(word.substr(word.starts_with('?')).c_str(), value, "");
    }
    if (more) more(options);
    addSocketOptions(options);
  };
  for (const auto& word : words) command.positionals.push_back(word.substr(word.starts_with('?')));
  return command;
}

void addJson(po::options_description& options) {
  options.add_options()("json", "print JSON");
}

}  // namespace

Command ctlCommand() {
  Command command;
  command.name = "ctl";
  command.summary = "Asks and directs a running host over its admin socket.";
  command.commands = {
      make("status", "Shows the instances; of one, also its last failure and log.", "[INSTANCE]",
           {"?instance"}, status, addJson),
      make("grants", "Shows who may call whom, and how these calls fare.", "", {}, grants, addJson),
      make("reload", "Reads the configuration again; a faulty one is refused as a whole.", "", {},
           reload,
           [](po::options_description& options) {
             addJson(options);
             options.add_options()("dry-run", "only check it, and say what would change");
           }),
      make("drain", "Lets an instance finish or hand over its work, then stops it.",
           "INSTANCE|--all", {"?instance"}, drain,
           [](po::options_description& options) {
             options.add_options()("all", "drain every instance, then end the host")(
                 "deadline", po::value<double>()->default_value(30, "30")->value_name("SECONDS"),
                 "how long it may take");
           }),
      make("restart", "Starts an instance again, also one that failed or was drained.", "INSTANCE",
           {"instance"}, restart),
      make("metrics", "Prints the metrics of the host and its plugins.", "", {}, metrics),
      make("log-level", "Shows or sets the log level of an instance, or of `host`.",
           "INSTANCE [LEVEL]", {"instance", "?level"}, logLevel),
      make("ask", "Puts a plugin's own question to an instance; INPUT - reads standard input.",
           "INSTANCE NAME [INPUT]", {"instance", "name", "?input"}, ask),
      ctlStoreCommand(),
      ctlSupportCommand(),
      make("reopen-logs", "Opens the log file anew, after it was renamed.", "", {}, reopenLogs),
      make("config", "Prints the configuration in force, secrets masked.", "", {}, config)};
  return command;
}

}  // namespace maitred::host::cli
