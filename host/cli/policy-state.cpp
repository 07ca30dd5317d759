// `maitred policy eval FILE --live|--snapshot FILE` and `maitred policy snapshot`: the state on
// which policies are tried. A running instance tells it (its question `policy-inputs`), and its
// plugin knows what it means (its command `policy-eval`), so that the host needs to know neither.

#include "policy-state.h"

#include "admin-client.h"
#include "commands.h"
#include "setup.h"

#include <boost/program_options.hpp>
#include <nlohmann/json.hpp>

#include <kj/common.h>
#include <kj/io.h>

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>

namespace maitred::host::cli {

namespace {

constexpr const char* question = "policy-inputs";
constexpr const char* command = "policy-eval";
constexpr size_t maxSnapshotBytes = 64u << 20;

struct State {
  std::string plugin;  // of the instance that told it
  std::string text;    // as it told it: one JSON object
};

po::options_description sourceOptions() {
  po::options_description options("The running host");
  options.add_options()("instance", po::value<std::string>()->value_name("NAME"),
                        "whose policies; may be left away where one instance has any")(
      "pool", po::value<std::string>()->value_name("POOL"), "of the queue; otherwise its default")(
      "jobs", po::value<uint32_t>()->value_name("N"), "at most so many waiting jobs (2000)");
  addSocketOptions(options);
  return options;
}

bool decides(const Words& plugins, const std::string& name) {
  return std::find(plugins.begin(), plugins.end(), name) != plugins.end();
}

// The instance that is meant: the one that was named, or the only one whose plugin can judge.
admin::InstanceStatus::Reader pick(admin::HostStatus::Reader status, const std::string& wanted) {
  Words able = pluginsWithCommand(command), names;
  kj::Maybe<admin::InstanceStatus::Reader> found;
  for (auto instance : status.getInstances()) {
    std::string name = instance.getName().cStr();
    if (!decides(able, instance.getPlugin().cStr())) {
      if (name == wanted) throw Failure{"the plugin of " + name + " has no policies to try"};
      continue;
    }
    names.push_back(name);
    if (wanted.empty() || name == wanted) found = instance;
  }
  if (wanted.empty() && names.size() > 1) {
    std::string list;
    for (auto& name : names) list += (list.empty() ? "" : ", ") + name;
    throw Failure{"several instances have policies, say which: --instance " + names[0] +
                      " (there are " + list + ")",
                  Exit::usage};
  }
  KJ_IF_MAYBE (one, found) {
    return *one;
  }
  throw Failure{wanted.empty() ? "no instance of the running host has policies to try"
                               : "there is no instance " + wanted};
}

State askHost(const po::variables_map& values) {
  AdminClient host(values);
  auto status = host.wait(host.admin().statusRequest().send());
  auto instance = pick(status.getStatus(), values.count("instance") > 0
                                               ? values["instance"].as<std::string>()
                                               : std::string());
  nlohmann::json input = nlohmann::json::object();
  if (values.count("pool") > 0) input["pool"] = values["pool"].as<std::string>();
  if (values.count("jobs") > 0) input["jobs"] = values["jobs"].as<uint32_t>();
  auto request = host.admin().askRequest();
  request.setInstance(instance.getName());
  request.setName(question);
  request.setInput(input.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  auto answer = host.wait(request.send());
  return {instance.getPlugin().cStr(), answer.getOutput().cStr()};
}

State readFile(const std::string& path) {
  std::error_code error;
  auto size = std::filesystem::file_size(path, error);
  if (!error && size > maxSnapshotBytes) throw Failure{path + " is larger than 64 MiB"};
  std::ifstream file(path);
  State state;
  state.text.assign(std::istreambuf_iterator<char>(file), {});
  if (!file) throw Failure{"cannot read the snapshot " + path};
  auto json = nlohmann::json::parse(state.text, nullptr, false);
  if (!json.is_object() || !json.contains("plugin") || !json["plugin"].is_string()) {
    throw Failure{path + " is no snapshot; make one with: maitred policy snapshot > FILE",
                  Exit::usage};
  }
  state.plugin = json["plugin"].get<std::string>();
  return state;
}

// Gives the text to the plugin's command as a file that exists in memory only.
int judge(const State& state, const Words& rest) {
  kj::AutoCloseFd memory(memfd_create("policy snapshot", 0));
  if (memory.get() < 0) throw Failure{"cannot make a file in memory"};
  kj::FdOutputStream(memory.get()).write(state.text.data(), state.text.size());
  Words words{command, "--snapshot", "/proc/self/fd/" + std::to_string(memory.get())};
  for (const auto& folder : policyDirectories({})) {
    words.push_back("--policy-path");
    words.push_back(folder);
  }
  words.insert(words.end(), rest.begin(), rest.end());
  return runCommandOfPlugin(state.plugin, words);
}

// Ours are taken out; what is not known here is the plugin's, with its own help.
po::variables_map parse(const Words& words, const po::options_description& ours, Words& rest) {
  po::variables_map values;
  auto parsed = po::command_line_parser(words).options(ours).allow_unregistered().run();
  rest = po::collect_unrecognized(parsed.options, po::include_positional);
  po::store(parsed, values);
  po::notify(values);
  return values;
}

// Exit codes of `maitred policy`: its command line knows 0 and 2.
template <typename Work>
int guarded(const Work& work) {
  try {
    return work();
  } catch (const Failure& failure) {
    std::cerr << "maitred policy: " << failure.message << "\n";
  } catch (const UsageError& error) {
    std::cerr << "maitred policy: " << error.message << "\n";
  } catch (const po::error& error) {
    std::cerr << "maitred policy: " << error.what() << "\nSee: maitred policy eval --live --help\n";
  }
  return 2;
}

}  // namespace

int evalOnState(const Words& words) {
  return guarded([&] {
    po::options_description ours("The state"), source = sourceOptions();
    ours.add_options()("live", "ask a running host for its state now")(
        "snapshot", po::value<std::string>()->value_name("FILE"),
        "the state that `maitred policy snapshot` has printed")("help,h", "this text");
    po::options_description all;
    all.add(ours).add(source);
    Words rest;
    auto values = parse(words, all, rest);
    if (values.count("help") > 0) {
      std::cout << "Usage: maitred policy eval FILE --live|--snapshot FILE [OPTIONS]\n\n"
                << "Shows what a policy would decide on a state, beside what is decided by the "
                   "policy in force.\n\n"
                << ours << "\n"
                << source << "\nFurther options are those of the plugin, for the queue: "
                << "maitred cook policy-eval --help\n";
      return 0;
    }
    if (values.count("live") > 0 && values.count("snapshot") > 0)
      throw UsageError{"say either --live or --snapshot FILE"};
    State state = values.count("live") > 0 ? askHost(values)
                                           : readFile(values["snapshot"].as<std::string>());
    return judge(state, rest);
  });
}

int printState(const Words& words) {
  return guarded([&] {
    po::options_description options = sourceOptions();
    options.add_options()("help,h", "this text");
    po::positional_options_description positions;
    positions.add("instance", 1);
    po::variables_map values;
    po::store(po::command_line_parser(words).options(options).positional(positions).run(), values);
    po::notify(values);
    if (values.count("help") > 0) {
      std::cout << "Usage: maitred policy snapshot [INSTANCE] [OPTIONS] > FILE\n\n"
                << "Prints the state on which an instance's policies decide now, as JSON.\n\n"
                << options;
      return 0;
    }
    std::cout << askHost(values).text << "\n";
    return 0;
  });
}

}  // namespace maitred::host::cli
