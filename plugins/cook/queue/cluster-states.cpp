// What administrators have said of whole clusters, put in force.

#include "batch-queue.h"

namespace maitred::cook {

std::vector<ClusterSetting> BatchQueue::clusterSettings() const {
  std::map<std::string, ClusterSetting> all = administrator.clusters();
  for (const auto& cluster : clusters_) {
    all.try_emplace(cluster->name(), ClusterSetting{.cluster = cluster->name()});
  }
  std::vector<ClusterSetting> list;
  for (auto& [name, one] : all) list.push_back(std::move(one));
  return list;
}

std::optional<ClusterSetting> BatchQueue::clusterSetting(const std::string& name) const {
  auto set = administrator.clusters().find(name);
  if (set != administrator.clusters().end()) return set->second;
  for (const auto& cluster : clusters_) {
    if (cluster->name() == name) return ClusterSetting{.cluster = name};
  }
  return std::nullopt;
}

bool BatchQueue::livesOn(const std::string& cluster) const {
  bool found = false;
  auto look = [&](const Job& job) {
    const Instance* one = job.unended();
    found = found || (one != nullptr && one->cluster == cluster);
  };
  jobs.eachLive([&](const Job& job) { look(job); });
  for (const auto& [age, job] : jobs.ending()) look(*job);
  return found;
}

void BatchQueue::applyClusterStates() {
  for (auto& cluster : clusters_) {
    auto set = clusterSetting(cluster->name());
    cluster->setTakesWork(set->state == ClusterState::running);
  }
}

}  // namespace maitred::cook
