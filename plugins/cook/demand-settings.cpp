#include "demand-settings.h"

namespace maitred::cook {
namespace {

std::vector<std::string> textsOf(capnp::List<capnp::Text>::Reader list) {
  std::vector<std::string> found;
  for (auto one : list) found.emplace_back(one.cStr());
  return found;
}

bool isAmong(const std::string& one, capnp::List<capnp::Text>::Reader list) {
  for (auto other : list) {
    if (one == other.cStr()) return true;
  }
  return false;
}

void checkDisk(PoolDisk::Reader rule, const std::string& index, std::vector<ConfigFault>& faults) {
  std::string type = rule.getDefaultType().cStr();
  if (!type.empty() && !isAmong(type, rule.getValidTypes())) {
    faults.push_back({{"disk", index, "default_type"}, type + " is not among `valid_types`"});
  }
  if (rule.getDefaultRequest() > rule.getMaxSize()) {
    faults.push_back({{"disk", index, "default_request"},
                      "is above `max_size`: no job could be taken to need that much"});
  }
  auto names = rule.getTypeMap();
  for (uint i = 0; i < names.size(); ++i) {
    std::string mapped = names[i].getType().cStr();
    if (isAmong(mapped, rule.getValidTypes())) continue;
    faults.push_back({{"disk", index, "type_map", std::to_string(i), "type"},
                      mapped + " is not among `valid_types`"});
  }
}

}  // namespace

std::vector<GpuRule> gpuRulesOf(CookConfig::Reader config) {
  std::vector<GpuRule> rules;
  for (auto one : config.getValidGpuModels()) {
    rules.push_back({one.getPoolRegex().cStr(), textsOf(one.getValidModels()),
                     one.getDefaultModel().cStr()});
  }
  return rules;
}

std::vector<DiskLimits> diskLimitsOf(CookConfig::Reader config) {
  std::vector<DiskLimits> rules;
  for (auto one : config.getDisk()) {
    DiskLimits limits;
    limits.regex = one.getPoolRegex().cStr();
    limits.mostMib = one.getMaxSize() / BYTES_PER_MIB;
    limits.types = textsOf(one.getValidTypes());
    limits.defaultType = one.getDefaultType().cStr();
    limits.defaultMib = one.getDefaultRequest() / BYTES_PER_MIB;
    for (auto name : one.getTypeMap()) {
      limits.names[name.getType().cStr()] = name.getNodeType().cStr();
    }
    limits.enforced = one.getEnableConstraint();
    rules.push_back(std::move(limits));
  }
  return rules;
}

std::vector<ContainerRule> containerRulesOf(CookConfig::Reader config) {
  std::vector<ContainerRule> rules;
  for (auto one : config.getDefaultContainers()) {
    Container container;
    container.image = one.getImage().cStr();
    container.network = one.getNetwork().cStr();
    container.forcePull = one.getForcePullImage();
    for (auto parameter : one.getParameters()) {
      container.parameters.emplace_back(parameter.getKey().cStr(), parameter.getValue().cStr());
    }
    for (auto volume : one.getVolumes()) {
      container.volumes.push_back({volume.getHostPath().cStr(), volume.getContainerPath().cStr(),
                                   volume.getReadOnly() ? "RO" : "RW"});
    }
    rules.push_back(
        {one.getPoolRegex().cStr(), std::move(container), one.getImageConfig().cStr()});
  }
  return rules;
}

std::vector<QueueLimitRule> queueLimitsOf(CookConfig::Reader config) {
  std::vector<QueueLimitRule> rules;
  for (auto one : config.getQueueLimits()) {
    rules.push_back({one.getPoolRegex().cStr(), one.getPoolGlobalThreshold(),
                     one.getUserLimitNormal(), one.getUserLimitConstrained()});
  }
  return rules;
}

void applyDemands(CookConfig::Reader config, Pool& pool) {
  std::string name = pool.name.empty() ? "no-pool" : pool.name;
  auto gpus = gpuRulesOf(config);
  if (const GpuRule* rule = ruleFor(name, gpus)) pool.gpuModel = rule->defaultModel;
  auto disks = diskLimitsOf(config);
  const DiskLimits* disk = ruleFor(name, disks);
  if (disk != nullptr && disk->enforced) {
    pool.disk = DiskRule{disk->defaultMib, disk->defaultType, disk->names};
  }
}

void checkDemands(CookConfig::Reader config, std::vector<ConfigFault>& faults) {
  checkExpressions(config.getValidGpuModels(), "valid_gpu_models", faults);
  checkExpressions(config.getDisk(), "disk", faults);
  checkExpressions(config.getDefaultContainers(), "default_containers", faults);
  checkExpressions(config.getQueueLimits(), "queue_limits", faults);
  auto gpus = config.getValidGpuModels();
  for (uint i = 0; i < gpus.size(); ++i) {
    std::string usual = gpus[i].getDefaultModel().cStr();
    if (usual.empty() || isAmong(usual, gpus[i].getValidModels())) continue;
    faults.push_back({{"valid_gpu_models", std::to_string(i), "default_model"},
                      usual + " is not among `valid_models`"});
  }
  if (gpus.size() != 0 && !config.getGpuEnabled()) {
    faults.push_back({{"valid_gpu_models"},
                      "has a meaning only with gpu_enabled: true, else no job may ask for gpus"});
  }
  auto disks = config.getDisk();
  for (uint i = 0; i < disks.size(); ++i) checkDisk(disks[i], std::to_string(i), faults);
}

}  // namespace maitred::cook
