#include "constraints.h"

#include <charconv>
#include <cmath>

namespace maitred::cook {
namespace {

// Attributes that tell kinds of machines apart: a job that asks for one kind is not held to the
// pool's usual one.
bool isMachineType(std::string_view attribute) {
  return attribute == "cpu-architecture" || attribute == "node-family" || attribute == "node-type";
}

std::int64_t amountOf(const Kinds& kinds, const std::string& name) {
  for (const auto& [kind, amount] : kinds) {
    if (kind == name) return amount;
  }
  return 0;
}

const DiskRule* diskRule(const Pool* pool) {
  return pool == nullptr || !pool->disk ? nullptr : &*pool->disk;
}

}  // namespace

std::string gpuModelOf(const JobSpec& spec) {
  for (const auto& [key, value] : spec.environment) {
    if (key == GPU_MODEL) return value;
  }
  return {};
}

std::vector<AttributeRule> userRules(const JobSpec& spec, const Pool* pool) {
  std::vector<AttributeRule> rules = spec.constraints;
  if (pool == nullptr) return rules;
  for (const AttributeRule& usual : pool->defaultConstraints) {
    bool replaced = std::any_of(
        spec.constraints.begin(), spec.constraints.end(), [&](const AttributeRule& own) {
          return own.attribute == usual.attribute ||
                 (isMachineType(own.attribute) && isMachineType(usual.attribute));
        });
    if (!replaced) rules.push_back(usual);
  }
  return rules;
}

Constraints::Constraints(const Job& job, const World& world, const GroupPlacement* group)
    : job(job), world(world), group(group) {
  activateGpus();
  bool matching = world.purpose == Purpose::match;
  if (matching && !world.nodes.reservations().none()) {
    reserved = world.nodes.reservations().of(job.spec.pool, job.spec.id);
    activate({Obstacle::reservation, &Constraints::isNotKept, false}, reserved == nullptr);
  }
  activateOwn();
}

void Constraints::activate(const Check& check, bool commonToo) {
  active[count++] = check;
  common = common && commonToo;
}

void Constraints::activateGpus() {
  if (job.spec.gpus <= 0) {
    activate({Obstacle::nonGpuHost, &Constraints::hasNoGpus}, true);
    return;
  }
  gpuModel = gpuModelOf(job.spec);
  if (gpuModel.empty() && world.pool != nullptr) gpuModel = world.pool->gpuModel;
  activate({Obstacle::gpuHost, &Constraints::hasTheGpus});
  if (world.purpose == Purpose::match) {
    activate({Obstacle::gpuHost, &Constraints::isAlone, false});
  }
}

// What only some jobs have.
void Constraints::activateOwn() {
  bool poolHasRules = world.pool != nullptr && !world.pool->defaultConstraints.empty();
  if (poolHasRules) merged = userRules(job.spec, world.pool);
  rules = poolHasRules ? &merged : &job.spec.constraints.list();
  if (!rules->empty()) activate({Obstacle::userDefined, &Constraints::isUserDefined});
  if (diskRule(world.pool) != nullptr) {
    activate({Obstacle::diskHost, &Constraints::hasTheDisk, false});
  }
  runtimeMs = neededRuntimeMs();
  if (runtimeMs > 0) {
    activate({Obstacle::estimatedCompletion, &Constraints::lastsLongEnough});
  }
  location = neededLocation();
  if (location != nullptr) {
    activate({Obstacle::checkpointLocality, &Constraints::isInLocation});
  }
  if (group != nullptr) {
    activate({Obstacle::attributeEqualsGroup, &Constraints::suitsTheGroup, false});
  }
  bool ranBefore = std::any_of(job.instances.begin(), job.instances.end(),
                               [](const Instance& one) { return !one.preempted; });
  if (ranBefore) activate({Obstacle::novelHost, &Constraints::isNovel});
}

void Constraints::forgiveNovelHost() {
  if (count != 0 && active[count - 1].obstacle == Obstacle::novelHost) --count;
}

std::int64_t Constraints::neededRuntimeMs() const {
  const PlacementRules& given = world.rules;
  if (given.hostLifetimeMs <= 0 || given.expectedRuntimeMultiplier <= 0) return 0;
  double runtime = 0;
  if (!job.spec.demands.empty()) {
    runtime = given.expectedRuntimeMultiplier *
              static_cast<double>(job.spec.demands[0].expectedRuntimeMs);
  }
  for (const Instance& one : job.instances) {
    bool lostItsNode = one.status == InstanceStatus::failed && one.reason == Reason::NODE_REMOVED;
    if (lostItsNode) runtime = std::max(runtime, static_cast<double>(one.endMs - one.startMs));
  }
  auto most = static_cast<double>(given.hostLifetimeMs - given.startGraceMs);
  return std::llround(std::min(runtime, most));
}

const std::string* Constraints::neededLocation() const {
  bool checkpoints = !job.spec.demands.empty() && job.spec.demands[0].checkpoint;
  if (!checkpoints || job.instances.empty()) return nullptr;
  auto at = world.rules.locations.find(job.instances.back().cluster);
  return at == world.rules.locations.end() ? nullptr : &at->second;
}

Obstacle Constraints::obstacleOf(const Check& check) const {
  return check.obstacle == Obstacle::attributeEqualsGroup ? group->obstacle() : check.obstacle;
}

std::optional<Obstacle> Constraints::against(const Node& node) const {
  for (std::size_t i = 0; i < count; ++i) {
    if (!(this->*active[i].passes)(node)) return obstacleOf(active[i]);
  }
  return std::nullopt;
}

bool Constraints::couldEverRunOn(const Node& node) const {
  for (std::size_t i = 0; i < count; ++i) {
    if (active[i].lasting && !(this->*active[i].passes)(node)) return false;
  }
  return true;
}

bool Constraints::isUserDefined(const Node& node) const {
  return std::all_of(rules->begin(), rules->end(),
                     [&](const AttributeRule& rule) { return node.has(rule); });
}

bool Constraints::hasNoGpus(const Node& node) const {
  return node.facts.capacity.gpus == 0;
}

bool Constraints::hasTheGpus(const Node& node) const {
  std::int64_t has =
      gpuModel.empty() ? node.facts.capacity.gpus : amountOf(node.facts.gpus, gpuModel);
  return has == Amount::of(job.spec).gpus;
}

// One obstacle is not told twice.
bool Constraints::isAlone(const Node& node) const {
  return node.isEmpty() || !hasTheGpus(node);
}

bool Constraints::hasTheDisk(const Node& node) const {
  const DiskRule& rule = *diskRule(world.pool);
  double wanted = rule.defaultMib;
  std::string type = rule.defaultType;
  if (!job.spec.demands.empty()) {
    const Demands& own = job.spec.demands[0];
    if (own.diskMib > 0) wanted = own.diskMib;
    if (!own.diskType.empty()) type = own.diskType;
  }
  auto mapped = rule.types.find(type);
  if (mapped != rule.types.end()) type = mapped->second;
  return static_cast<double>(amountOf(node.room.diskBytes, type)) >= wanted * BYTES_PER_MIB;
}

bool Constraints::lastsLongEnough(const Node& node) const {
  const std::string& since = node.value("host-start-time");
  double seconds = 0;
  auto read = std::from_chars(since.data(), since.data() + since.size(), seconds);
  if (since.empty() || read.ec != std::errc()) return true;
  double end = seconds * 1000 + static_cast<double>(world.rules.hostLifetimeMs);
  return static_cast<double>(world.nowMs + runtimeMs) < end;
}

bool Constraints::isInLocation(const Node& node) const {
  auto at = world.rules.locations.find(node.facts.key.cluster);
  return at != world.rules.locations.end() && at->second == *location;
}

bool Constraints::isNotKept(const Node& node) const {
  const NodeKey& key = node.facts.key;
  if (reserved != nullptr && *reserved == key) return true;
  return !world.nodes.reservations().isReserved(key);
}

bool Constraints::suitsTheGroup(const Node& node) const {
  return group->allows(node);
}

bool Constraints::isNovel(const Node& node) const {
  return std::none_of(job.instances.begin(), job.instances.end(), [&](const Instance& one) {
    return !one.preempted && one.hostname == node.facts.hostname;
  });
}

}  // namespace maitred::cook
