#include "host/runtime/prepare.h"

#include "host/runtime/check.h"
#include "host/runtime/plugin-file.h"
#include "host/runtime/wiring.h"

#include <set>

namespace maitred::host {
namespace {

std::set<std::string> changedInstances(const LoadedConfig& next, const Prepared* former) {
  std::set<std::string> names;
  if (former == nullptr) {
    for (const auto& instance : next.instances()) names.insert(instance.name);
    return names;
  }
  for (const auto& change : diffConfigs(*former->config, next).instances) {
    if (change.change != Change::unchanged && change.change != Change::removed)
      names.insert(change.name);
  }
  return names;
}

}  // namespace

Async<PrepareResult> prepare(const Preparation& how, const Prepared* former, bool bind) {
  auto loaded = loadConfig(how.load);
  PrepareResult result{std::nullopt, std::move(loaded.diagnostics)};
  auto& diagnostics = result.diagnostics;
  if (!diagnostics.ok()) co_return result;

  Prepared prepared;
  prepared.config = std::move(loaded.config);
  auto graph = linkConfig(*prepared.config, diagnostics);
  for (const auto& instance : prepared.config->instances()) {
    KJ_IF_MAYBE (e, kj::runCatchingExceptions([&]() {
                   prepared.libraries[instance.name] = libraryFile(*how.plugins, instance);
                 })) {
      diagnostics.error("library", prepared.config->locate(instance), e->getDescription().cStr());
    }
  }
  if (!diagnostics.ok()) co_return result;
  prepared.graph = std::move(*graph);

  auto changed = changedInstances(*prepared.config, former);
  CheckOptions options;
  options.executable = how.executable;
  options.which = [&changed](const Instance& instance) {
    return changed.count(instance.name) != 0;
  };
  co_await checkPlugins(*prepared.config, *how.plugins, how.io.lowLevel, how.io.provider,
                        how.io.events, options, diagnostics);
  if (diagnostics.ok() && bind) {
    prepared.sockets = bindListeners(
        *prepared.config, former != nullptr ? former->sockets : ListenSockets{}, diagnostics);
  }
  if (diagnostics.ok()) result.prepared = std::move(prepared);
  co_return result;
}

}  // namespace maitred::host
