#include "decode.h"

#include <nlohmann/json.hpp>

#include <cmath>

namespace maitred::cook {
namespace {

constexpr std::int64_t TIME_MOST = 1ll << 53;    // ms
constexpr std::int64_t AMOUNT_MOST = 1ll << 50;  // of a node, in any unit
constexpr double MULTIPLIER_MOST = 1000;         // of expected runtimes
constexpr double REQUEST_MOST = 1 << 30;         // of a job: MiB, cpus, gpus
constexpr std::uint32_t COUNT_MOST = 1 << 30;
constexpr std::int64_t RETRIES = 1ll << 40;  // more than there can be: a job that is told waits

[[noreturn]] void refuse(const char* what, double value, const char* expected) {
  throw CaseDamage(std::string("has ") + what + " " + kj::str(value).cStr() + "; expected: " +
                   expected);
}

double requestOf(double value, const char* what) {
  if (!(value >= 0 && value <= REQUEST_MOST)) refuse(what, value, "0 to 2^30");
  return value;
}

// Of a quota: any number from 0 on. The default of the field says that there is none.
std::optional<double> limitOf(double value, const char* what) {
  if (value == -1) return std::nullopt;
  if (!(value >= 0)) refuse(what, value, "0 or above");
  return value;
}

std::optional<double> shareOf(double value, const char* what) {
  if (value == -1) return std::nullopt;
  if (!(value > 0)) refuse(what, value, "above 0");
  return value;
}

Amount amountOf(casefile::Amount::Reader told) {
  Amount amount{told.getCpuMillis(), told.getMemBytes(), told.getPorts(), told.getGpus()};
  for (std::int64_t one : {amount.cpuMillis, amount.memBytes, amount.ports, amount.gpus}) {
    if (one < -AMOUNT_MOST || one > AMOUNT_MOST) {
      refuse("an amount", static_cast<double>(one), "at most 2^50");
    }
  }
  return amount;
}

template <typename Pair>
std::vector<Pair> pairsOf(capnp::List<casefile::Attribute>::Reader told, const CaseTexts& texts) {
  std::vector<Pair> pairs;
  for (auto one : told) pairs.push_back({texts.at(one.getName()), texts.at(one.getValue())});
  return pairs;
}

std::map<std::string, std::string> tableOf(capnp::List<casefile::Attribute>::Reader told,
                                           const CaseTexts& texts) {
  std::map<std::string, std::string> table;
  for (auto one : told) table[texts.at(one.getName())] = texts.at(one.getValue());
  return table;
}

Kinds kindsOf(capnp::List<casefile::Kind>::Reader told, const CaseTexts& texts) {
  Kinds kinds;
  for (auto one : told) kinds.emplace_back(texts.at(one.getName()), one.getAmount());
  return kinds;
}

// Attempts that ended at the beginning of time, after the time that they took.
std::vector<Instance> attemptsOf(capnp::List<casefile::Attempt>::Reader told,
                                 const CaseTexts& texts) {
  std::vector<Instance> attempts;
  for (auto its : told) {
    Instance one;
    one.status = InstanceStatus::failed;
    one.startMs = 1;
    one.endMs = 1 + std::max<std::int64_t>(0, timeOf(its.getLostMs()));
    one.reason = its.getLostMs() >= 0 ? Reason::NODE_REMOVED : Reason::NON_ZERO_EXIT;
    one.hostname = texts.at(its.getHostname());
    one.cluster = texts.at(its.getCluster());
    one.preempted = its.getPreempted();
    attempts.push_back(std::move(one));
  }
  return attempts;
}

}  // namespace

std::int64_t timeOf(std::int64_t ms) {
  if (ms < -TIME_MOST || ms > TIME_MOST) {
    refuse("a time", static_cast<double>(ms), "milliseconds, at most 2^53");
  }
  return ms;
}

namespace {

// The fields of the specification that say the same to who decides.
void readDemands(casefile::Job::Reader told, const CaseTexts& texts, JobSpec& spec) {
  if (double runtime = told.getRuntimeMs(); runtime != -1) {
    if (!(std::abs(runtime) <= TIME_MOST)) refuse("a runtime", runtime, "ms, at most 2^53");
    spec.extra = nlohmann::json{{"expected_runtime", runtime}}.dump();
  }
  Demands demands;
  demands.expectedRuntimeMs = timeOf(told.getExpectedRuntimeMs());
  demands.checkpoint = told.getCheckpoint();
  demands.diskMib = told.getDiskMib();
  demands.diskType = texts.at(told.getDiskType());
  if (!(demands == Demands())) spec.demands.push_back(std::move(demands));
  const std::string& model = texts.at(told.getGpuModel());
  if (!model.empty()) spec.environment.emplace_back(GPU_MODEL, model);
}

}  // namespace

Job jobOf(casefile::Job::Reader told, const CaseTexts& texts) {
  if (told.getOrder() == 0) throw CaseDamage("tells of a job without an order");
  Job job;
  job.order = told.getOrder();
  job.submittedMs = job.waitingSinceMs = timeOf(told.getSubmittedMs());
  JobSpec& spec = job.spec;
  spec.id = idOf(told.getId());
  spec.user = texts.at(told.getUser());
  spec.pool = texts.at(told.getPool());
  spec.priority = told.getPriority();
  spec.cpus = requestOf(told.getCpus(), "cpus");
  spec.mem = requestOf(told.getMem(), "mem");
  spec.gpus = requestOf(told.getGpus(), "gpus");
  spec.ports = std::min(told.getPorts(), COUNT_MOST);
  spec.constraints = pairsOf<AttributeRule>(told.getConstraints(), texts);
  if (told.hasGroup()) spec.group = idOf(told.getGroup());
  spec.name = texts.at(told.getName());
  spec.labels = pairsOf<Pairs::value_type>(told.getLabels(), texts);
  readDemands(told, texts, spec);
  job.instances = attemptsOf(told.getAttempts(), texts);
  spec.maxRetries = RETRIES;
  return job;
}

NodeFacts factsOf(casefile::Node::Reader told, const CaseTexts& texts) {
  NodeFacts facts;
  facts.key = {texts.at(told.getCluster()), texts.at(told.getNodeId())};
  facts.hostname = texts.at(told.getHostname());
  facts.pool = texts.at(told.getPool());
  facts.capacity = amountOf(told.getCapacity());
  facts.tasksMax = told.getTasksMax();
  facts.ready = told.getReady();
  for (auto one : told.getAttributes()) {
    const std::string& name = texts.at(one.getName());
    if (facts.attributes.empty() || facts.attributes.back().first != name) {
      facts.attributes.emplace_back(name, std::vector<std::string>());
    }
    facts.attributes.back().second.push_back(texts.at(one.getValue()));
  }
  facts.gpus = kindsOf(told.getGpus(), texts);
  return facts;
}

RoomFacts roomOf(casefile::Room::Reader room, const CaseTexts& texts) {
  return {amountOf(room.getAvailable()), room.getTaskCount(), room.getGeneration(),
          kindsOf(room.getDisks(), texts)};
}

HostPlacement placementOf(casefile::HostPlacement::Reader told, const CaseTexts& texts) {
  HostPlacement placement;
  switch (told.getType()) {
    case casefile::HostPlacement::Type::ALL:
      break;
    case casefile::HostPlacement::Type::UNIQUE:
      placement.type = HostPlacement::Type::unique;
      break;
    case casefile::HostPlacement::Type::BALANCED:
      placement.type = HostPlacement::Type::balanced;
      break;
    case casefile::HostPlacement::Type::ATTRIBUTE_EQUALS:
      placement.type = HostPlacement::Type::attributeEquals;
      break;
    default:
      throw CaseDamage("has a placement of a later version");
  }
  placement.attribute = texts.at(told.getAttribute());
  placement.minimum = told.getMinimum();
  return placement;
}

Node::Load loadOf(casefile::Room::Reader room) {
  return {amountOf(room.getHeld()), amountOf(room.getFresh()), room.getTasks()};
}

Quota quotaOf(casefile::Quota::Reader told) {
  QuotaEntry entry = quotaEntryOf(told);
  Quota quota;
  quota.mem = entry.mem.value_or(quota.mem);
  quota.cpus = entry.cpus.value_or(quota.cpus);
  quota.gpus = entry.gpus.value_or(quota.gpus);
  quota.count = entry.count.value_or(quota.count);
  quota.launchRateSaved = entry.launchRateSaved.value_or(quota.launchRateSaved);
  quota.launchRatePerMinute = entry.launchRatePerMinute.value_or(quota.launchRatePerMinute);
  return quota;
}

QuotaEntry quotaEntryOf(casefile::Quota::Reader told) {
  QuotaEntry entry;
  entry.mem = limitOf(told.getMem(), "a quota of mem");
  entry.cpus = limitOf(told.getCpus(), "a quota of cpus");
  entry.gpus = limitOf(told.getGpus(), "a quota of gpus");
  if (told.getCount() >= 0) entry.count = told.getCount();
  entry.launchRateSaved = limitOf(told.getLaunchRateSaved(), "a launch rate");
  entry.launchRatePerMinute = limitOf(told.getLaunchRatePerMinute(), "a launch rate");
  return entry;
}

ShareEntry shareEntryOf(casefile::Share::Reader told) {
  return {shareOf(told.getMem(), "a share of mem"), shareOf(told.getCpus(), "a share of cpus"),
          shareOf(told.getGpus(), "a share of gpus")};
}

Pool poolOf(casefile::Pool::Reader told, const CaseTexts& texts) {
  Pool pool;
  pool.name = texts.at(told.getName());
  pool.active = told.getActive();
  pool.druMode = told.getGpuMode() ? DruMode::gpu : DruMode::standard;
  if (told.hasQuota()) pool.quota = quotaOf(told.getQuota());
  pool.quotaGroup = texts.at(told.getGroup());
  pool.defaultConstraints = pairsOf<AttributeRule>(told.getConstraints(), texts);
  pool.gpuModel = texts.at(told.getGpuModel());
  if (told.hasDisk()) {
    auto disk = told.getDisk();
    pool.disk = {disk.getMib(), texts.at(disk.getType()), tableOf(disk.getTypes(), texts)};
  }
  return pool;
}

HeadRule::State headOf(casefile::HeadRule::Reader told) {
  HeadRule::State state;
  state.most = told.getMost();
  state.limit = told.getLimit();
  state.atFloor = static_cast<int>(std::min(told.getAtFloor(), COUNT_MOST));
  state.matchedBefore = told.getMatchedBefore();
  state.begun = told.getBegun();
  state.sinceMs = timeOf(told.getSinceMs());
  return state;
}

PolicyClock clockOf(casefile::Cycle::Reader cycle) {
  return {timeOf(cycle.getTickMs()), cycle.getHour(), cycle.getWeekday()};
}

namespace {

PlacementRules rulesOf(casefile::Options::Reader told, const CaseTexts& texts) {
  PlacementRules rules;
  rules.novelHostAlways = told.getNovelHostAlways();
  rules.hostLifetimeMs = timeOf(told.getHostLifetimeMs());
  double multiplier = told.getRuntimeMultiplier();
  if (!(multiplier >= 0 && multiplier <= MULTIPLIER_MOST)) {
    refuse("a runtime multiplier", multiplier, "0 to 1000");
  }
  rules.expectedRuntimeMultiplier = multiplier;
  rules.startGraceMs = timeOf(told.getStartGraceMs());
  rules.locations = tableOf(told.getLocations(), texts);
  for (std::uint32_t one : told.getResting()) rules.resting.insert(texts.at(one));
  return rules;
}

}  // namespace

CycleOptions optionsOf(casefile::Cycle::Reader cycle, const CaseTexts& texts) {
  auto told = cycle.getOptions();
  CycleOptions options;
  options.queue.pool = texts.at(cycle.getPool());
  options.queue.overQuotaMost = told.getOverQuota();
  options.queue.jobMemMost = told.getJobMemMost();
  options.queue.jobCpusMost = told.getJobCpusMost();
  options.considerableMost = told.getConsiderable();
  options.goodEnough = told.getGoodEnough();
  options.steadyMs = timeOf(cycle.getSteadyMs());
  options.queue.byUser = !told.getOrderAlone();
  double scaleback = told.getHeadScaleback();
  if (!(scaleback > 0 && scaleback < 1)) refuse("a scaleback", scaleback, "between 0 and 1");
  options.head = {scaleback, static_cast<int>(std::min(told.getHeadWarnAt(), COUNT_MOST)),
                  static_cast<int>(std::min(told.getHeadResetAt(), COUNT_MOST))};
  options.rules = rulesOf(told, texts);
  return options;
}

}  // namespace maitred::cook
