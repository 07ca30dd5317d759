// GET /settings: the configuration in force, under the keys of Cook's.

#include "rest.h"

namespace maitred::cook {

using http::Request;
using http::Response;
using nlohmann::json;

namespace {

const char* nameOf(AccessRules::Function function) {
  switch (function) {
    case AccessRules::Function::open:
      return "open-auth";
    case AccessRules::Function::openNoKilling:
      return "open-auth-no-job-killing";
    case AccessRules::Function::admins:
      return "configfile-admins-auth";
    case AccessRules::Function::adminsOpenGets:
      return "configfile-admins-auth-open-gets";
    case AccessRules::Function::adminsOpenGetsAllowedUsers:
      return "configfile-admins-open-gets-allowed-users-auth";
  }
  return "";
}

json authorization(const AccessRules& rules) {
  return {{"authorization-fn", std::string("cook.rest.authorization/") + nameOf(rules.function)},
          {"admins", rules.admins},
          {"impersonators", rules.impersonators},
          {"allow", rules.allowed}};
}

json taskConstraints(const JobLimits& limits, const QueueSettings& queue) {
  json out{{"cpus", limits.cpus},
           {"memory-gb", limits.memMib / 1024},
           {"retry-limit", limits.retries},
           {"max-ports", limits.ports},
           {"timeout-hours", queue.runtimes.mostMs / 3'600'000.0},
           {"default-timeout-hours", queue.runtimes.defaultMs / 3'600'000.0},
           {"max-timeout-hours", queue.runtimes.mostMs / 3'600'000.0},
           {"timeout-interval-minutes", queue.runtimeIntervalMs / 60'000.0}};
  if (!limits.dockerParameters.empty()) {
    out["docker-parameters-allowed"] = limits.dockerParameters;
  }
  if (limits.commandBytes != 0) out["command-length-limit"] = limits.commandBytes;
  return out;
}

// Cook shows what is not configured as nothing.
json rebalancer(const RebalancerSettings& rules) {
  json out{{"interval-seconds", rules.intervalMs / 1000}, {"pool-regex", rules.poolRegex.text()}};
  if (!rules.isOn()) return out;
  out["max-preemption"] = rules.preemptionMost;
  out["min-dru-diff"] = rules.scoreGainLeast;
  out["safe-dru-threshold"] = rules.safeScore;
  return out;
}

json quotaOf(const Quota& quota) {
  json out = json::object();
  auto add = [&](const char* key, auto value, auto unlimited) {
    if (value != unlimited) out[key] = value;
  };
  add("cpus", quota.cpus, Quota::UNLIMITED);
  add("mem", quota.mem, Quota::UNLIMITED);
  add("gpus", quota.gpus, Quota::UNLIMITED);
  add("count", quota.count, Quota::UNLIMITED_COUNT);
  return out;
}

json gpuModels(const std::vector<GpuRule>& rules) {
  json list = json::array();
  for (const GpuRule& rule : rules) {
    list.push_back({{"pool-regex", rule.regex.text()},
                    {"valid-models", rule.models},
                    {"default-model", rule.defaultModel}});
  }
  return list;
}

json disks(const std::vector<DiskLimits>& rules) {
  json list = json::array();
  for (const DiskLimits& rule : rules) {
    list.push_back({{"pool-regex", rule.regex.text()},
                    {"max-size", rule.mostMib},
                    {"valid-types", rule.types},
                    {"default-type", rule.defaultType},
                    {"default-request", rule.defaultMib},
                    {"type-map", rule.names},
                    {"enable-constraint?", rule.enforced}});
  }
  return list;
}

json containers(const std::vector<ContainerRule>& rules) {
  json list = json::array();
  for (const ContainerRule& rule : rules) {
    list.push_back({{"pool-regex", rule.regex.text()}, {"container", jsonOf(rule.container)}});
  }
  return list;
}

json queueLimits(const std::vector<QueueLimitRule>& rules) {
  if (rules.empty()) return json::object();
  json list = json::array();
  for (const QueueLimitRule& rule : rules) {
    list.push_back({{"pool-regex", rule.regex.text()},
                    {"pool-global-threshold", rule.threshold},
                    {"user-limit-normal", rule.normal},
                    {"user-limit-constrained", rule.constrained}});
  }
  return {{"per-pool", std::move(list)}};
}

json poolsOf(const Pools& pools, const RestSettings& settings) {
  if (!pools.named()) return nullptr;
  json quotas = json::array();
  for (const PoolQuotaRule& rule : settings.poolQuotas) {
    quotas.push_back({{"pool-regex", rule.regex.text()}, {"quota", quotaOf(rule.quota)}});
  }
  json schedulers = json::array();
  for (const SchedulerRule& rule : settings.schedulers) {
    const SchedulerSettings& one = rule.scheduler;
    schedulers.push_back({{"pool-regex", rule.regex.text()},
                          {"scheduler-config",
                           {{"scheduler", "fenzo"},
                            {"good-enough-fitness", one.goodEnough},
                            {"fenzo-max-jobs-considered", one.considerable},
                            {"fenzo-scaleback", one.head.scaleback},
                            {"fenzo-floor-iterations-before-warn", one.head.warnAt},
                            {"fenzo-floor-iterations-before-reset", one.head.resetAt}}}});
  }
  return {{"default", pools.defaultPool()},
          {"quotas", std::move(quotas)},
          {"schedulers", std::move(schedulers)},
          {"valid-gpu-models", gpuModels(settings.gpuRules)},
          {"disk", disks(settings.diskLimits)},
          {"default-containers", containers(settings.containerRules)}};
}

json rateOf(const Rate& rate, bool enforced) {
  return {{"bucket-size", static_cast<std::int64_t>(rate.saved)},
          {"tokens-replenished-per-minute", static_cast<std::int64_t>(rate.perMinute)},
          {"enforce?", enforced}};
}

json rateLimit(const RestSettings& settings, const QueueSettings& queue) {
  return {{"expire-minutes", queue.rateIdleMs / 60'000},
          {"user-limit-per-m", settings.requestLimits.user},
          {"auth-bypass-limit-per-m", settings.requestLimits.open},
          {"user-limit-for-metrics-per-m", settings.requestLimits.metrics},
          {"job-submission", rateOf(settings.submissionRate, settings.enforceSubmissionRate)},
          {"per-user-per-pool-job-launch", {{"enforce?", queue.enforceLaunchRates}}}};
}

json progress(const ProgressLimits& limits) {
  return {{"batch-size", limits.batch},
          {"pending-threshold", limits.pending},
          {"publish-interval-ms", limits.intervalMs},
          {"sequence-cache-threshold", limits.sequences}};
}

// Clients take the launcher to be in use if its command is there.
json executor(const ExecutorSettings& settings) {
  if (settings.command.empty()) return json::object();
  json environment = json::object();
  for (const auto& [name, value] : settings.environment) environment[name] = value;
  return {{"command", settings.command},
          {"default-progress-regex-string", settings.progressPattern},
          {"environment", std::move(environment)},
          {"log-level", settings.logLevel},
          {"max-message-length", settings.messageBytesMost},
          {"portion", settings.portion},
          {"progress-sample-interval-ms", settings.sampleIntervalMs},
          {"retry-limit", settings.retryLimit}};
}

// Who is asked under each of Cook's keys; those under which nobody is are left out.
json plugins(const BatchQueue& queue) {
  const Extensions& all = queue.extensions();
  json out = json::object();
  auto add = [&](const char* key, const std::vector<std::string>& instances) {
    if (!instances.empty()) out[key]["factory-fns"] = instances;
  };
  add("job-submission-validator", all.instances("submission_validators"));
  add("job-submission-modifier", all.instances("submission_modifiers"));
  add("job-adjuster", all.instances("job_adjusters"));
  add("pool-mover", all.instances("pool_movers"));
  add("job-shape-validation", all.instances("job_shapes"));
  add("job-launch-filter", queue.filters().instances());
  // Cook has one launch filter; ours may be several.
  if (out.contains("job-launch-filter")) {
    out["job-launch-filter"]["factory-fn"] = queue.filters().instances().front();
  }
  add("instance-completion", queue.completionHandlers());
  if (out.contains("job-submission-validator")) {
    out["job-submission-validator"]["batch-timeout-seconds"] =
        static_cast<double>(all.settings().submissionDeadlineMs) / 1000;
  }
  for (const VirtualPool& one : all.settings().virtualPools) {
    out["job-routing"][one.name] = one.router;
  }
  return out;
}

json quotaGrouping(const Pools& pools) {
  json out = json::object();
  for (const Pool& pool : pools.all()) {
    if (!pool.quotaGroup.empty()) out[pool.name] = pool.quotaGroup;
  }
  return out;
}

}  // namespace

json Rest::shownCluster(const Cluster& cluster) const {
  auto said = settings.clusters.find(cluster.name());
  std::string factory = said == settings.clusters.end() ? "" : said->second.factoryFn;
  if (factory.empty()) {
    factory = typeOf(cluster.name()) == "kubernetes"
                  ? "cook.kubernetes.compute-cluster/factory-fn"
                  : "cook.mesos.mesos-compute-cluster/factory-fn";
  }
  json config{{"compute-cluster-name", cluster.name()}, {"framework-id", "unsupported"}};
  const auto& rates = queue.settings().clusterRates;
  if (auto its = rates.find(cluster.name()); its != rates.end()) {
    config["compute-cluster-launch-rate-limits"] = rateOf(its->second.rate, its->second.enforce);
  }
  return {{"factory-fn", factory}, {"config", std::move(config)}};
}

Rest::Answer Rest::showSettings(Request&, const Caller&) {
  const QueueSettings& q = queue.settings();
  json clusters = json::array();
  for (const auto& cluster : queue.clusters()) clusters.push_back(shownCluster(*cluster));
  json origins = json::array();
  for (const Pattern& one : settings.corsOrigins) origins.push_back(one.text());
  return Response::json(200, {{"authorization-config", authorization(settings.access)},
                              {"authorization-middleware", settings.authenticationScheme},
                              {"compute-clusters", std::move(clusters)},
                              {"cors-origins", std::move(origins)},
                              {"executor", executor(q.execution.executor)},
                              {"kubernetes", json::object()},
                              {"mea-culpa-failure-limit", q.meaCulpa.global},
                              {"mesos-gpu-enabled", settings.gpus},
                              {"plugins", plugins(queue)},
                              {"pools", poolsOf(q.pools, settings)},
                              {"queue-limits", queueLimits(settings.queueLimits)},
                              {"progress", progress(q.progress)},
                              {"quota-grouping", quotaGrouping(q.pools)},
                              {"rate-limit", rateLimit(settings, q)},
                              {"rebalancer", rebalancer(q.rebalancer)},
                              {"server-https-port", nullptr},
                              {"task-constraints", taskConstraints(settings.limits, q)},
                              {"version", settings.version}});
}

}  // namespace maitred::cook
