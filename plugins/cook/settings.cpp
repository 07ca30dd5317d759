#include "settings.h"

#include "demand-settings.h"
#include "execution-settings.h"
#include "extension-settings.h"
#include "leader-settings.h"
#include "pool-settings.h"
#include "scheduling-settings.h"

namespace maitred::cook {
namespace {

constexpr const char* VERSION = "0.1.0";
constexpr std::int64_t MS_PER_MINUTE = 60'000;

// As Cook calls them in /info, with names of our own for what it does not have.
const char* schemeOf(http::HttpAuth::Reader auth) {
  switch (auth.which()) {
    case http::HttpAuth::ONE_USER:
      return "one-user";
    case http::HttpAuth::BASIC:
      return "http-basic";
    case http::HttpAuth::JWT:
      return "jwt";
    case http::HttpAuth::CLIENT_CERTIFICATE:
      return "client-certificate";
    default:
      return "trusted-header";
  }
}

std::set<std::string> names(capnp::List<capnp::Text>::Reader list) {
  std::set<std::string> found;
  for (auto one : list) found.insert(one.cStr());
  return found;
}

void checkUsers(capnp::List<capnp::Text>::Reader list, const char* key,
                std::vector<ConfigFault>& faults) {
  for (uint i = 0; i < list.size(); ++i) {
    if (list[i].size() == 0) faults.push_back({{key, std::to_string(i)}, "a user's name is empty"});
  }
}

void checkAllowed(CookConfig::Reader config, std::vector<ConfigFault>& faults) {
  bool used =
      config.getAuthorization() == Authorization::CONFIGFILE_ADMINS_OPEN_GETS_ALLOWED_USERS_AUTH;
  if (used && config.getAllow().size() == 0) {
    faults.push_back({{"authorization"},
                      "lets in only the users whom `allow` names, and it names none: nobody could "
                      "do anything; name them, admins too"});
  }
  if (!used && config.getAllow().size() != 0) {
    faults.push_back({{"allow"},
                      "has a meaning only with authorization: "
                      "configfile_admins_open_gets_allowed_users_auth"});
  }
}

void checkPolicy(const std::string& file, const char* kind, std::vector<ConfigFault>& faults) {
  if (file.empty()) return;
  auto loaded = lua::Policy::load(file, {.kind = kind, .search = {}});
  if (!loaded) faults.push_back({{"policies", kind}, loaded.text()});
}

}  // namespace

QueueSettings queueSettings(CookConfig::Reader config) {
  QueueSettings settings;
  settings.pools = poolsOf(config);
  settings.shares = sharesOf(config);
  settings.quotas = quotasOf(config);
  settings.meaCulpa.global = config.getMeaCulpaFailureLimit();
  for (auto one : config.getMeaCulpaFailureLimits()) {
    if (const Reason* reason = findReason(std::string_view(one.getReason().cStr()))) {
      settings.meaCulpa.byCode[reason->code] = one.getLimit();
    }
  }
  settings.scheduler.considerable = config.getConsiderableJobs();
  settings.scheduler.goodEnough = config.getGoodEnoughFitness();
  settings.schedulers = schedulersOf(config);
  settings.overQuotaMost = config.getMaxOverQuotaJobs();
  settings.jobMemMost = config.getTaskConstraints().getMemory() / BYTES_PER_MIB;
  settings.jobCpusMost = config.getTaskConstraints().getCpus() / 1000.0;
  settings.enforceLaunchRates = config.getRateLimit().getPerUserPerPoolJobLaunch().getEnforce();
  settings.clusterRates = clusterRatesOf(config);
  settings.rateIdleMs = config.getRateLimit().getExpireMinutes() * MS_PER_MINUTE;
  settings.unreachableMs = config.getUnreachableTimeout();
  settings.execution = executionOf(config);
  settings.runtimes = runtimesOf(config.getTaskConstraints());
  settings.runtimeIntervalMs = config.getTaskConstraints().getTimeoutInterval();
  settings.rebalancer = rebalancerOf(config.getRebalancer());
  settings.placement = placementOf(config);
  auto progress = config.getProgress();
  settings.progress = {static_cast<std::int64_t>(progress.getPublishInterval()),
                       progress.getBatchSize(), progress.getPendingThreshold(),
                       progress.getSequenceCacheThreshold()};
  settings.extensions = extensionsOf(config.getExtensions());
  settings.launchFilters = launchFiltersOf(config.getExtensions());
  settings.completionDeadlineMs = config.getExtensions().getCompletionDeadline();
  settings.keepCompletedMs = config.getCompletedJobs().getTime();
  settings.keepCompleted = config.getCompletedJobs().getCount();
  settings.keepArchivedMs = config.getCompletedJobs().getArchiveTime();
  return settings;
}

RestSettings restSettings(CookConfig::Reader config) {
  RestSettings settings;
  using Function = AccessRules::Function;
  switch (config.getAuthorization()) {
    case Authorization::OPEN_AUTH:
      settings.access.function = Function::open;
      break;
    case Authorization::CONFIGFILE_ADMINS_AUTH:
      settings.access.function = Function::admins;
      break;
    case Authorization::OPEN_AUTH_NO_JOB_KILLING:
      settings.access.function = Function::openNoKilling;
      break;
    case Authorization::CONFIGFILE_ADMINS_OPEN_GETS_ALLOWED_USERS_AUTH:
      settings.access.function = Function::adminsOpenGetsAllowedUsers;
      break;
    default:
      settings.access.function = Function::adminsOpenGets;
  }
  settings.access.allowed = names(config.getAllow());
  settings.access.admins = names(config.getAdmins());
  settings.access.impersonators = names(config.getImpersonators());
  auto constraints = config.getTaskConstraints();
  settings.limits.cpus = constraints.getCpus() / 1000.0;
  settings.limits.memMib = constraints.getMemory() / BYTES_PER_MIB;
  settings.limits.retries = constraints.getRetryLimit();
  settings.limits.ports = constraints.getMaxPorts();
  settings.limits.commandBytes = constraints.getCommandLengthLimit();
  settings.limits.jobsPerRequest = config.getJobsPerRequest();
  auto submission = config.getRateLimit().getJobSubmission();
  settings.submissionRate = {static_cast<double>(submission.getBucketSize()),
                             static_cast<double>(submission.getTokensReplenishedPerMinute())};
  settings.enforceSubmissionRate = submission.getEnforce();
  auto rates = config.getRateLimit();
  settings.requestLimits = {rates.getUserLimitPerM(), rates.getAuthBypassLimitPerM(),
                            rates.getUserLimitForMetricsPerM()};
  for (auto one : constraints.getDockerParametersAllowed()) {
    settings.limits.dockerParameters.push_back(one.cStr());
  }
  settings.gpus = config.getGpuEnabled();
  settings.gpuRules = gpuRulesOf(config);
  settings.diskLimits = diskLimitsOf(config);
  settings.containerRules = containerRulesOf(config);
  settings.queueLimits = queueLimitsOf(config);
  settings.leaderReportsUnhealthy = config.getLeaderReportsUnhealthy();
  settings.poolQuotas = poolQuotaRules(config);
  settings.schedulers = schedulerRules(config);
  for (auto origin : config.getCorsOrigins()) settings.corsOrigins.push_back(origin.cStr());
  for (auto one : config.getClusters()) {
    settings.clusters[one.getBackend().cStr()] = {one.getType().cStr(), one.getFactoryFn().cStr()};
  }
  LeaderSettings leader = leaderSettings(config);
  settings.leaderUrl = leader.follows() ? leader.follow : leader.url;
  settings.authenticationScheme = schemeOf(config.getHttp().getAuth());
  settings.version = VERSION;
  return settings;
}

PolicyFiles policyFiles(CookConfig::Reader config) {
  auto policies = config.getPolicies();
  return {policies.getFairness().cStr(), policies.getPlacement().cStr(),
          policies.getPreemption().cStr(), policies.getAdmission().cStr()};
}

CaseFileSettings caseFileSettings(CookConfig::Reader config) {
  auto its = config.getCaseFile();
  return {its.getPath().cStr(), its.getSize(), its.getFiles()};
}

void checkPattern(const std::string& text, std::vector<std::string> path,
                  std::vector<ConfigFault>& faults) {
  auto fault = Pattern::faultIn(text);
  if (fault) faults.push_back({std::move(path), "is not a regular expression: " + *fault});
}

std::vector<ConfigFault> faultsIn(CookConfig::Reader config) {
  std::vector<ConfigFault> faults;
  if (auto fault = store::faultInUrl(config.getStore().cStr()))
    faults.push_back({{"store"}, *fault});
  for (auto& problem : http::checkHttp(config.getHttp())) {
    problem.path.insert(problem.path.begin(), "http");
    faults.push_back({problem.path, problem.message, problem.hint});
  }
  checkUsers(config.getAdmins(), "admins", faults);
  checkUsers(config.getImpersonators(), "impersonators", faults);
  checkUsers(config.getAllow(), "allow", faults);
  checkAllowed(config, faults);
  checkPools(config, faults);
  checkScheduling(config, faults);
  checkExecution(config, faults);
  checkDemands(config, faults);
  checkLeader(config, faults);
  checkExtensions(config, faults);
  for (uint i = 0; i < config.getCorsOrigins().size(); ++i) {
    checkPattern(config.getCorsOrigins()[i].cStr(), {"cors_origins", std::to_string(i)}, faults);
  }
  for (uint i = 0; i < config.getMeaCulpaFailureLimits().size(); ++i) {
    const char* reason = config.getMeaCulpaFailureLimits()[i].getReason().cStr();
    if (findReason(std::string_view(reason)) == nullptr) {
      faults.push_back({{"mea_culpa_failure_limits", std::to_string(i), "reason"},
                        std::string(reason) + " is not the name of a failure reason"});
    }
  }
  PolicyFiles files = policyFiles(config);
  checkPolicy(files.fairness, "fairness", faults);
  checkPolicy(files.placement, "placement", faults);
  checkPolicy(files.preemption, "preemption", faults);
  checkPolicy(files.admission, "admission", faults);
  return faults;
}

}  // namespace maitred::cook
