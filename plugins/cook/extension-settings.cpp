#include "extension-settings.h"

#include <set>

namespace maitred::cook {
namespace {

template <typename Interface>
void gather(Grants& grants, const char* requirement, std::vector<Provider<Interface>>& into) {
  for (auto& granted : grants.all<Interface>(requirement)) {
    into.push_back({granted.instance.cStr(), kj::mv(granted.client)});
  }
}

}  // namespace

ExtensionSettings extensionsOf(ExtensionConfig::Reader config) {
  ExtensionSettings settings;
  settings.submissionDeadlineMs = config.getSubmissionDeadline();
  settings.acceptByDefault = config.getSubmissionDefault() == DefaultVerdict::ACCEPT;
  settings.changeDeadlineMs = config.getChangeDeadline();
  settings.unchangedByDefault = config.getModifierDefault() == DefaultVerdict::ACCEPT;
  for (auto one : config.getVirtualPools()) {
    settings.virtualPools.push_back(
        {one.getName().cStr(), one.getRouter().cStr(), one.getFallback().cStr()});
  }
  return settings;
}

LaunchFilterSettings launchFiltersOf(ExtensionConfig::Reader config) {
  LaunchFilterSettings settings;
  settings.deadlineMs = config.getLaunchFilterDeadline();
  settings.acceptByDefault = config.getLaunchFilterDefault() == DefaultVerdict::ACCEPT;
  auto ageOut = config.getAgeOut();
  settings.ageing.deferrals = ageOut.getDeferrals();
  settings.ageing.firstSeenMs = ageOut.getFirstSeen();
  settings.ageing.lastSeenMs = ageOut.getLastSeen();
  return settings;
}

ExtensionProviders providersIn(Grants& grants) {
  ExtensionProviders providers;
  gather(grants, "submission_validators", providers.validators);
  gather(grants, "submission_modifiers", providers.modifiers);
  gather(grants, "job_routers", providers.routers);
  gather(grants, "job_adjusters", providers.adjusters);
  gather(grants, "pool_movers", providers.movers);
  gather(grants, "job_shapes", providers.shapes);
  gather(grants, "launch_filters", providers.launchFilters);
  gather(grants, "completion_handlers", providers.completionHandlers);
  return providers;
}

void checkExtensions(CookConfig::Reader config, std::vector<ConfigFault>& faults) {
  std::set<std::string> pools;
  for (auto pool : config.getPools()) pools.insert(pool.getName().cStr());
  auto virtuals = config.getExtensions().getVirtualPools();
  for (uint i = 0; i < virtuals.size(); ++i) {
    std::string name = virtuals[i].getName().cStr(), fallback = virtuals[i].getFallback().cStr();
    std::vector<std::string> path{"extensions", "virtual_pools", std::to_string(i)};
    auto fault = [&](const char* key, std::string message) {
      auto at = path;
      at.push_back(key);
      faults.push_back({std::move(at), std::move(message)});
    };
    if (pools.contains(name)) {
      fault("name", name + " is one of `pools`: a virtual pool needs a name of its own");
    }
    if (!pools.contains(fallback)) fault("fallback", fallback + " is not among `pools`");
  }
}

}  // namespace maitred::cook
