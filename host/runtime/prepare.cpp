#include "host/runtime/prepare.h"

#include "host/runtime/check.h"
#include "host/runtime/wiring.h"

#include <maitred/offload.h>

#include <set>

namespace maitred::host {
namespace {

std::set<std::string> changedInstances(const Prepared& next, const Prepared* former) {
  std::set<std::string> names;
  if (former == nullptr) {
    for (const auto& instance : next.config->instances()) names.insert(instance.name);
    return names;
  }
  for (const auto& change : diffConfigs(*former->config, *next.config).instances) {
    if (change.change == Change::removed) continue;
    auto before = former->libraries.find(change.name);
    bool sameFile = before != former->libraries.end() &&
                    before->second.stamp == next.libraries.at(change.name).stamp;
    if (change.change != Change::unchanged || !sameFile) names.insert(change.name);
  }
  return names;
}

// What comes from files.
struct FromFiles {
  ConfigResult loaded;
  std::map<std::string, PluginFile> libraries;
};

// On a pool thread: a disk may keep it waiting.
FromFiles readFiles(Options options, PluginManifests& manifests) {
  options.manifests = &manifests;
  FromFiles read{loadConfig(options), {}};
  auto& diagnostics = read.loaded.diagnostics;
  if (!diagnostics.ok()) return read;
  for (const auto& instance : read.loaded.config->instances()) {
    KJ_IF_MAYBE (e, kj::runCatchingExceptions([&]() {
                   read.libraries[instance.name] = libraryFile(manifests, instance);
                 })) {
      diagnostics.error("library", read.loaded.config->locate(instance),
                        e->getDescription().cStr());
    }
  }
  return read;
}

// A config lives as long as anybody uses it, and its manifests with it.
std::shared_ptr<const LoadedConfig> withManifests(std::unique_ptr<LoadedConfig> config,
                                                  std::shared_ptr<PluginManifests> manifests) {
  struct Both {
    std::shared_ptr<PluginManifests> manifests;
    std::unique_ptr<LoadedConfig> config;
  };
  auto both = std::make_shared<Both>(Both{std::move(manifests), std::move(config)});
  return {both, both->config.get()};
}

// The first address that somebody listens on; empty: none.
std::string takenAddress(const LoadedConfig& config) {
  for (const auto& instance : config.instances()) {
    for (const auto& listener : instance.listeners) {
      if (listener.address.empty()) continue;
      bool taken = false;
      // What is wrong with an address is told when it is bound.
      kj::runCatchingExceptions([&]() { taken = isTaken(listener.address); });
      if (taken) return listener.address;
    }
  }
  return "";
}

// The workers of a host that was killed hold their listeners until the system is done with them.
Async<void> awaitAddresses(const LoadedConfig& config, const Preparation& how) {
  constexpr int TRIES = 60;
  kj::Timer& timer = how.io.provider.getTimer();
  for (int i = 0; i < TRIES; ++i) {
    std::string taken = takenAddress(config);
    if (taken.empty()) co_return;
    if (i == 0 && how.notice) {
      how.notice(taken + " is in use: waiting up to 3 s, in case a host that was killed is just " +
                 "being cleared away");
    }
    co_await timer.afterDelay(50 * kj::MILLISECONDS);
  }
}

}  // namespace

Async<PrepareResult> prepare(const Preparation& how, const Prepared* former, bool bind) {
  std::shared_ptr<PluginManifests> manifests = how.plugins->fresh();
  auto reading = maitred::offload(
      [options = how.load, manifests]() { return readFiles(options, *manifests); });
  FromFiles read = co_await reading;
  PrepareResult result{std::nullopt, std::move(read.loaded.diagnostics)};
  auto& diagnostics = result.diagnostics;
  if (!diagnostics.ok()) co_return result;

  Prepared prepared;
  prepared.config = withManifests(std::move(read.loaded.config), manifests);
  prepared.libraries = std::move(read.libraries);
  auto graph = linkConfig(*prepared.config, diagnostics);
  if (!diagnostics.ok()) co_return result;
  prepared.graph = std::move(*graph);

  auto changed = changedInstances(prepared, former);
  CheckOptions options;
  options.executable = how.executable;
  options.which = [&changed](const Instance& instance) {
    return changed.count(instance.name) != 0;
  };
  co_await checkPlugins(*prepared.config, *manifests, how.io.lowLevel, how.io.provider,
                        how.io.events, options, diagnostics);
  if (diagnostics.ok() && bind && former == nullptr) {
    co_await awaitAddresses(*prepared.config, how);
  }
  if (diagnostics.ok() && bind) {
    prepared.sockets = bindListeners(
        *prepared.config, former != nullptr ? former->sockets : ListenSockets{}, diagnostics);
  }
  if (diagnostics.ok()) result.prepared = std::move(prepared);
  co_return result;
}

}  // namespace maitred::host
