#include "wiring-check.h"

#include "address.h"
#include "files.h"
#include "names.h"

#include <maitred/http/config.h>

#include <algorithm>
#include <map>
#include <set>

namespace maitred::host {

namespace {

using manifest::Multiplicity;

std::vector<std::string> namesOf(const LoadedConfig& config) {
  std::vector<std::string> names;
  for (const Instance& instance : config.instances()) {
    if (!instance.name.empty()) names.push_back(instance.name);
  }
  return names;
}

class Checker {
 public:
  Checker(LoadedConfig& config, Diagnostics& diagnostics)
      : config(config), diagnostics(diagnostics), names(namesOf(config)) {}

  void run() {
    checkNames();
    checkHost();
    for (Instance& instance : config.plugins) {
      checkUses(instance);
      checkListeners(instance);
    }
  }

 private:
  ConfigPath pathOf(const Instance& instance, std::initializer_list<std::string> rest) const {
    ConfigPath path = {"plugins", std::to_string(instance.index)};
    path.insert(path.end(), rest);
    return path;
  }

  void checkNames() {
    std::map<std::string, Location> seen;
    for (const Instance& instance : config.plugins) {
      if (instance.name.empty()) continue;
      auto [first, added] = seen.emplace(instance.name, config.locate(instance));
      if (added) continue;
      diagnostics.add({Severity::error,
                       "duplicate-instance",
                       config.locate(instance),
                       "two plugin instances are named " + quote(instance.name),
                       "give each a name of its own",
                       {{first->second, "the first one"}}});
    }
    if (config.plugins.empty()) {
      diagnostics.warning("no-plugins", config.map.locate({}),
                          "no plugins are configured, so the host does nothing",
                          "`maitred init` writes a first file");
    }
  }

  void checkHost() {
    std::string socket = config.host().getAdmin().getSocket().cStr();
    if (socket.size() > longestSocketPath) {
      diagnostics.error("socket-path", config.map.locate({"host", "admin", "socket"}),
                        "the path of the admin socket has " + std::to_string(socket.size()) +
                            " bytes, at most " + std::to_string(longestSocketPath) +
                            " are possible: " + quote(socket),
                        "set host.admin.socket to a shorter path");
    }
    bind(config.host().getHttp().getListen().cStr(), config.map.locate({"host", "http", "listen"}),
         "host.http.listen");
    for (auto& problem : http::checkTls(config.host().getHttp().getTls())) {
      ConfigPath path{"host", "http", "tls"};
      path.insert(path.end(), problem.path.begin(), problem.path.end());
      diagnostics.error("tls-files", config.map.locate(path), problem.message, problem.hint);
    }
  }

  // Syntax and collisions.
  void bind(const std::string& address, const Location& where, const std::string& what) {
    if (address.empty()) return;
    std::string fault = addressFault(address);
    if (fault.empty() && address.starts_with("unix:") && address.size() - 5 > longestSocketPath) {
      fault = "is too long for a socket (at most " + std::to_string(longestSocketPath) + " bytes)";
    }
    if (!fault.empty()) {
      diagnostics.error("bad-address", where, "the address " + quote(address) + " " + fault,
                        "write ADDRESS:PORT, [IPV6]:PORT, *:PORT or unix:PATH");
      return;
    }
    for (const auto& [other, place] : bound) {
      if (!sameAddress(other.first, address)) continue;
      diagnostics.add(
          {Severity::error,
           "address-twice",
           where,
           "the address " + quote(address) + " of " + what + " is taken by " + other.second,
           "give each a port of its own",
           {{place, other.second}}});
      return;
    }
    bound.push_back({{address, what}, where});
  }

  void checkUses(const Instance& instance) {
    std::set<std::string> seen;
    for (size_t i = 0; i < instance.uses.size(); ++i) {
      const Use& use = instance.uses[i];
      if (use.requirement.empty()) continue;
      Location key = config.map.locateKey(pathOf(instance, {"uses", std::to_string(i)}));
      if (!seen.insert(use.requirement).second) {
        diagnostics.error("requirement-twice", key,
                          "the requirement " + quote(use.requirement) + " is listed twice",
                          "list its instances together");
        continue;
      }
      checkInstances(instance, use, i, requirementOf(instance, use.requirement, key));
    }
    KJ_IF_MAYBE (manifest, instance.manifest()) {
      for (auto requirement : manifest->getRequires()) {
        if (seen.count(requirement.getName().cStr()) == 0) checkAbsent(instance, requirement);
      }
    }
  }

  using Requirement = manifest::Requirement::Reader;

  kj::Maybe<Requirement> requirementOf(const Instance& instance, const std::string& name,
                                       const Location& key) {
    KJ_IF_MAYBE (manifest, instance.manifest()) {
      std::vector<std::string> known;
      for (auto requirement : manifest->getRequires()) {
        if (requirement.getName() == name.c_str()) return requirement;
        known.push_back(requirement.getName().cStr());
      }
      auto near = nearest(name, known);
      diagnostics.error("unknown-requirement", key,
                        quote(instance.library) + " has no requirement " + quote(name),
                        (near ? "did you mean " + quote(*near) + "? " : "") +
                            "it requires: " + quoteAll(known, "nothing"));
    }
    return nullptr;
  }

  void checkInstances(const Instance& instance, const Use& use, size_t index,
                      kj::Maybe<Requirement> requirement) {
    std::set<std::string> seen;
    for (size_t i = 0; i < use.instances.size(); ++i) {
      const std::string& name = use.instances[i];
      Location where = config.map.locate(
          pathOf(instance, {"uses", std::to_string(index), "instances", std::to_string(i)}));
      const Instance* provider = config.instance(name);
      if (!seen.insert(name).second) {
        diagnostics.error("provider-twice", where,
                          quote(name) + " is listed twice for " + quote(use.requirement));
      } else if (provider == nullptr) {
        auto near = nearest(name, names);
        diagnostics.error(
            "unknown-instance", where, "no plugin instance is named " + quote(name),
            (near ? "did you mean " + quote(*near) + "? " : "") + "defined: " + quoteAll(names));
      } else {
        KJ_IF_MAYBE (wanted, requirement) checkProvides(*provider, *wanted, where);
      }
    }
    KJ_IF_MAYBE (wanted, requirement) checkCount(instance, use, index, wanted->getMultiplicity());
  }

  static bool provides(const Instance& provider, Requirement wanted) {
    KJ_IF_MAYBE (manifest, provider.manifest()) {
      for (auto interface : manifest->getProvides()) {
        if (interface.getTypeId() == wanted.getInterface().getTypeId()) return true;
      }
    }
    return false;
  }

  void checkProvides(const Instance& provider, Requirement wanted, const Location& where) {
    KJ_IF_MAYBE (manifest, provider.manifest()) {
      if (provides(provider, wanted)) return;
      std::vector<std::string> offered;
      for (auto interface : manifest->getProvides()) offered.push_back(interface.getName().cStr());
      diagnostics.error(
          "interface-missing", where,
          quote(provider.name) + " does not provide " + wanted.getInterface().getName().cStr(),
          "it provides: " + quoteAll(offered, "nothing"));
    }
  }

  void checkCount(const Instance& instance, const Use& use, size_t index,
                  Multiplicity multiplicity) {
    size_t count = use.instances.size();
    const char* expected = nullptr;
    if (multiplicity == Multiplicity::ONE && count != 1) expected = "exactly one instance";
    if (multiplicity == Multiplicity::OPTIONAL && count > 1) expected = "at most one instance";
    if (multiplicity == Multiplicity::SOME && count == 0) expected = "at least one instance";
    if (expected == nullptr) return;
    diagnostics.error(
        "multiplicity", config.map.locate(pathOf(instance, {"uses", std::to_string(index)})),
        quote(use.requirement) + " takes " + expected + ", found " + std::to_string(count));
  }

  void checkAbsent(const Instance& instance, Requirement requirement) {
    auto multiplicity = requirement.getMultiplicity();
    if (multiplicity != Multiplicity::ONE && multiplicity != Multiplicity::SOME) return;
    std::vector<std::string> candidates;
    for (const Instance& other : config.plugins) {
      if (&other != &instance && provides(other, requirement)) candidates.push_back(other.name);
    }
    std::string name = requirement.getName().cStr();
    std::string example = candidates.empty() ? "INSTANCE" : candidates[0];
    diagnostics.error(
        "requirement-missing", config.locate(instance),
        quote(instance.name) + " requires " + quote(name) + " (" +
            requirement.getInterface().getName().cStr() + ")",
        "add `uses: { " + name + ": [" + example + "] }`; provided by: " + quoteAll(candidates));
  }

  void checkListeners(Instance& instance) {
    std::vector<std::string> known;
    std::set<std::string> given;
    KJ_IF_MAYBE (manifest, instance.manifest()) {
      for (auto listener : manifest->getListeners()) known.push_back(listener.getName().cStr());
    }
    for (size_t i = 0; i < instance.listeners.size(); ++i) {
      Listener& listener = instance.listeners[i];
      ConfigPath path = pathOf(instance, {"listen", std::to_string(i)});
      given.insert(listener.name);
      bool isKnown = std::find(known.begin(), known.end(), listener.name) != known.end();
      if (instance.schema != nullptr && !isKnown) {
        auto near = nearest(listener.name, known);
        diagnostics.error("unknown-listener", config.map.locateKey(path),
                          quote(instance.library) + " has no listener " + quote(listener.name),
                          (near ? "did you mean " + quote(*near) + "? " : "") +
                              "it has: " + quoteAll(known, "none"));
      }
      path.push_back("address");
      place(instance, listener, config.map.locate(path));
    }
    addDefaults(instance, given);
    auto off = [](const Listener& listener) { return listener.address.empty(); };
    instance.listeners.erase(
        std::remove_if(instance.listeners.begin(), instance.listeners.end(), off),
        instance.listeners.end());
  }

  void place(const Instance& instance, Listener& listener, const Location& where) {
    if (listener.address.starts_with("unix:") && listener.address.size() > 5) {
      listener.address =
          "unix:" + absolutePath(listener.address.substr(5), instance.stateDirectory);
    }
    bind(listener.address, where,
         "plugin " + quote(instance.name) + ", listener " + quote(listener.name));
  }

  void addDefaults(Instance& instance, const std::set<std::string>& given) {
    KJ_IF_MAYBE (manifest, instance.manifest()) {
      for (auto listener : manifest->getListeners()) {
        std::string name = listener.getName().cStr();
        if (given.count(name) != 0) continue;
        if (listener.getDefault().size() > 0) {
          instance.listeners.push_back({name, listener.getDefault().cStr(), true});
          place(instance, instance.listeners.back(), config.locate(instance));
        } else if (listener.getRequired()) {
          diagnostics.error(
              "listener-missing", config.locate(instance),
              quote(instance.name) + " needs an address for its listener " + quote(name),
              "add `listen: { " + name + ": 127.0.0.1:PORT }`");
        }
      }
    }
  }

  LoadedConfig& config;
  Diagnostics& diagnostics;
  std::vector<std::string> names;
  std::vector<std::pair<std::pair<std::string, std::string>, Location>> bound;
};

}  // namespace

void checkWiring(LoadedConfig& config, Diagnostics& diagnostics) {
  Checker(config, diagnostics).run();
}

}  // namespace maitred::host
