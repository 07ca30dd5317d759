// policy, version and worker.

#include "commands.h"
#include "host/runtime/worker.h"
#include "policy-state.h"
#include "setup.h"
#include "version.h"

#include <maitred/abi.h>
#include <maitred/fingerprint.h>
#include <maitred/lua/tool.h>

#include <nlohmann/json.hpp>

#include <capnp/common.h>

#include <iostream>

namespace maitred::host::cli {

namespace {

// The words as an argv that lasts as long as the object.
class Argv {
 public:
  Argv(std::string first, const Words& rest) : words{std::move(first)} {
    words.insert(words.end(), rest.begin(), rest.end());
    for (auto& word : words) pointers.push_back(word.data());
    pointers.push_back(nullptr);
  }
  int argc() const { return static_cast<int>(words.size()); }
  char** argv() { return pointers.data(); }

 private:
  Words words;
  std::vector<char*> pointers;
};

int version(const po::variables_map& values) {
  if (values.count("json") > 0) {
    nlohmann::ordered_json json = {{"version", hostVersion()},
                                   {"abi_version", MAITRED_ABI_VERSION},
                                   {"fingerprint", MAITRED_KJ_FINGERPRINT}};
    std::cout << json.dump(2) << "\n";
  } else {
    std::cout << "maitred " << hostVersion() << " (plugin ABI " << MAITRED_ABI_VERSION << ", "
              << MAITRED_KJ_FINGERPRINT << ")\n";
  }
  return Exit::ok;
}

}  // namespace

Command policyCommand() {
  Command command;
  command.name = "policy";
  command.summary = "Checks, tries and tests Lua policies.";
  command.raw = [](const Words& words) {
    lua::ToolOptions options;
    options.search.path = policyDirectories({});
    options.evalState = evalOnState;
    options.snapshot = printState;
    Argv arguments("policy", words);
    return lua::policyMain(arguments.argc(), arguments.argv(), std::cout, std::cerr, options);
  };
  command.values = [] {
    return std::map<std::string, Words>{
        {"", {"check", "eval", "test", "new", "snapshot", "--help"}}};
  };
  return command;
}

Command versionCommand() {
  Command command;
  command.name = "version";
  command.summary = "Prints the version, and what a plugin must be built against.";
  command.options = [](po::options_description& options) {
    options.add_options()("json", "print JSON");
  };
  command.run = version;
  return command;
}

Command workerCommand() {
  Command command;
  command.name = "worker";
  command.summary = "Runs one plugin for a host; not for people.";
  command.hidden = true;
  command.raw = [](const Words& words) {
    Argv arguments("worker", words);
    return workerMain(arguments.argc(), arguments.argv());
  };
  return command;
}

}  // namespace maitred::host::cli
