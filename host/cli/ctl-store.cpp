// `maitred ctl store …`: backup, check and restore of a plugin's stores while the host runs. The
// plugin does the work, see sdk/include/maitred/store-commands.h; this asks and waits.

#include "ctl-store.h"

#include "admin-client.h"

#include <nlohmann/json.hpp>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <iostream>
#include <thread>

namespace maitred::host::cli {

namespace {

using nlohmann::json;
using Values = po::variables_map;

constexpr auto pollPause = std::chrono::milliseconds(100);
constexpr uint32_t drainMs = 30'000;
constexpr auto startPatience = std::chrono::seconds(60);

json ask(AdminClient& host, const std::string& instance, const std::string& name,
         const json& input) {
  auto request = host.admin().askRequest();
  request.setInstance(instance);
  request.setName(name);
  request.setInput(input.dump());
  auto response = host.wait(request.send());
  auto answer = json::parse(response.getOutput().cStr(), nullptr, false);
  if (answer.is_discarded()) {
    throw Failure{"the instance " + instance + " answers " + name + " with something else"};
  }
  return answer;
}

void showProgress(const json& state) {
  auto total = state.value("total", uint64_t(0));
  if (total == 0 || isatty(STDERR_FILENO) == 0) return;
  std::cerr << "\r" << 100 * state.value("done", uint64_t(0)) / total << " %  " << std::flush;
}

// Begins a task and waits for its end, by default however long it takes; a task does not need who
// began it.
json run(AdminClient& host, const std::string& instance, const std::string& name, json input,
         const std::string& store, double seconds = 1e9) {
  if (!store.empty()) input["store"] = store;
  auto until = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  auto task = ask(host, instance, name, input);
  bool shown = false;
  for (;;) {
    auto state = ask(host, instance, "store-task", {{"task", task.at("task")}});
    if (state.at("over") == json(true)) {
      if (shown && isatty(STDERR_FILENO) != 0) std::cerr << "\r        \r" << std::flush;
      auto fault = state.at("fault").get<std::string>();
      if (!fault.empty()) throw Failure{fault};
      return state;
    }
    if (std::chrono::steady_clock::now() > until) {
      throw Failure{"not over in time; it goes on in the plugin", Exit::timeout};
    }
    showProgress(state);
    shown = true;
    std::this_thread::sleep_for(pollPause);
  }
}

// The plugin's folder is another one than the shell's.
std::string absolute(const std::string& file) {
  std::error_code error;
  auto path = std::filesystem::absolute(file, error);
  if (file.empty() || error) throw UsageError{"\"" + file + "\" is no usable file name"};
  return path.lexically_normal().string();
}

int backup(const Values& values) {
  auto file = absolute(textOf(values, "file"));
  AdminClient host(values);
  run(host, textOf(values, "instance"), "store-backup", {{"file", file}}, textOf(values, "store"));
  std::cout << "backup complete: " << file << "\n";
  return Exit::ok;
}

int checkStore(const Values& values) {
  AdminClient host(values);
  auto state =
      run(host, textOf(values, "instance"), "store-check", json::object(), textOf(values, "store"));
  auto findings = state.at("findings").get<Words>();
  for (const auto& line : findings) std::cout << line << "\n";
  if (findings.empty()) std::cout << "the store is sound\n";
  return findings.empty() ? Exit::ok : Exit::failed;
}

std::string lineOf(const json& store) {
  return store.at("store").get<std::string>() + "  " + store.at("path").get<std::string>() +
         "  version " + store.at("version").dump() + "\n";
}

int listCopies(const Values& values) {
  AdminClient host(values);
  for (const auto& store : ask(host, textOf(values, "instance"), "store-list", json::object())) {
    std::cout << lineOf(store);
  }
  return Exit::ok;
}

admin::InstanceState stateOf(AdminClient& host, const std::string& instance, std::string& failure) {
  auto response = host.wait(host.admin().statusRequest().send());
  for (auto one : response.getStatus().getInstances()) {
    if (instance != one.getName().cStr()) continue;
    failure = one.getLastFailure().cStr();
    return one.getState();
  }
  throw Failure{"there is no instance \"" + instance + "\""};
}

// Stops the instance and starts it again, which takes what is staged.
void startWithStaged(AdminClient& host, const std::string& instance) {
  auto drain = host.admin().drainRequest();
  drain.setInstance(instance);
  drain.setDeadlineMs(drainMs);
  host.wait(drain.send().ignoreResult(), drainMs);
  auto restart = host.admin().restartRequest();
  restart.setInstance(instance);
  host.wait(restart.send(), drainMs);
  auto until = std::chrono::steady_clock::now() + startPatience;
  std::string failure;
  for (;;) {
    auto state = stateOf(host, instance, failure);
    if (state == admin::InstanceState::ACTIVE || state == admin::InstanceState::STANDBY) return;
    if (state == admin::InstanceState::FAILED || state == admin::InstanceState::BACKING_OFF ||
        std::chrono::steady_clock::now() > until) {
      throw Failure{instance + " does not start: " + failure + "; see `maitred ctl status " +
                    instance + "`"};
    }
    std::this_thread::sleep_for(pollPause);
  }
}

int restore(const Values& values) {
  auto file = absolute(textOf(values, "file"));
  auto instance = textOf(values, "instance");
  AdminClient host(values);
  json input{{"file", file}, {"otherInstance", values.count("other-instance") > 0}};
  auto state = run(host, instance, "store-stage", input, textOf(values, "store"));
  auto kept = state.at("kept").get<std::string>();
  std::cout << "the file is sound; " << instance << " is being started with it\n"
            << "the former store is kept as " << kept << "\n"
            << std::flush;
  startWithStaged(host, instance);
  std::cout << "restored from " << file << "\n";
  return Exit::ok;
}

Command make(const char* name, const char* summary, const char* positional, Words words,
             int (*run)(const Values&), const char* notes,
             std::function<void(po::options_description&)> more = {}) {
  Command command;
  command.name = name;
  command.summary = summary;
  command.positional = positional;
  command.positionals = words;
  command.run = run;
  command.notes = [notes] { return std::string(notes); };
  command.options = [words, more](po::options_description& options) {
    for (const auto& word : words) {
      options.add_options()(word.c_str(), po::value<std::string>()->required(), "");
    }
    if (more) more(options);
    addSocketOptions(options);
  };
  return command;
}

void addStore(po::options_description& options) {
  options.add_options()("store", po::value<std::string>()->value_name("STORE"),
                        "which one, if the instance has several; `store list` names them");
}

}  // namespace

std::vector<std::string> storesOf(AdminClient& host, const std::string& instance) {
  std::vector<std::string> names;
  for (const auto& store : ask(host, instance, "store-list", json::object())) {
    names.push_back(store.at("store").get<std::string>());
  }
  return names;
}

std::string checkStore(AdminClient& host, const std::string& instance, const std::string& store,
                       double seconds) {
  std::string out;
  for (const auto& one : ask(host, instance, "store-list", json::object())) {
    if (one.at("store") == json(store)) out += lineOf(one);
  }
  if (seconds <= 0) return out;
  auto findings = run(host, instance, "store-check", json::object(), store, seconds)
                      .at("findings")
                      .get<Words>();
  for (const auto& finding : findings) out += finding + "\n";
  return out + (findings.empty() ? "sound\n" : std::to_string(findings.size()) + " findings\n");
}

Command ctlStoreCommand() {
  Command command;
  command.name = "store";
  command.summary = "Backs up, checks and restores the store of an instance while it runs.";
  command.commands = {
      make("list", "Shows the stores of an instance.", "INSTANCE", {"instance"}, listCopies, ""),
      make(
          "backup", "Copies the store to a new file, as it is at one moment.", "INSTANCE FILE",
          {"instance", "file"}, backup,
          "FILE is written by the instance's own user, mode 0600, and appears when it is complete.",
          addStore),
      make("check", "Looks for damage to the file and for contradictions in it.", "INSTANCE",
           {"instance"}, checkStore, "The exit code is 1 if something was found.", addStore),
      make(
          "restore", "Puts a backup in the place of the store, and starts the instance with it.",
          "INSTANCE FILE", {"instance", "file"}, restore,
          "FILE is examined first; the instance is stopped only if it can be restored. The former\n"
          "store is kept under a name that is printed.",
          [](po::options_description& options) {
            addStore(options);
            options.add_options()("other-instance",
                                  "also take a backup of an instance with another name");
          })};
  return command;
}

}  // namespace maitred::host::cli
