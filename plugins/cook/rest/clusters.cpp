// /compute-clusters: which backends there are, and whether anything is started on them.

#include "admin-bodies.h"
#include "rest.h"

namespace maitred::cook {

using http::Request;
using http::Response;
using nlohmann::json;

namespace {

Response refusal(unsigned status, const std::string& message, const std::string& details = "") {
  json error{{"message", message}};
  if (!details.empty()) error["details"] = details;
  return Response::json(status, {{"error", std::move(error)}});
}

std::string called(const std::string& cluster) {
  return "Compute cluster with name " + cluster;
}

std::string notedState(const ClusterSetting& setting) {
  return std::string(name(setting.state)) + (setting.locked ? ", locked" : "");
}

bool isForced(const Request& request) {
  for (const char* key : {"force", "force?"}) {
    if (request.query.get(key).value_or("") == "true") return true;
  }
  return false;
}

// What came of a change when it had its turn.
struct Outcome {
  ClusterSetting setting;
  bool differs = false;
  std::string fault;
};

}  // namespace

void Rest::requireClusters(const Caller& caller, Verb verb) const {
  if (settings.access.allows(caller, verb, Item::system, "")) return;
  throw Refused(403, "You are not authorized to access compute cluster information");
}

// Of what a cluster is, nothing can be said here but its state: the rest is the configuration's,
// and shown so that clients may send back what they have got.
json Rest::clusterConfig(const ClusterSetting& setting) const {
  std::string kind;
  for (const auto& cluster : queue.clusters()) {
    if (cluster->name() == setting.cluster) kind = cluster->kind();
  }
  json out{{"name", setting.cluster},
           {"state", name(setting.state)},
           {"state-locked?", setting.locked},
           {"base-path", "maitred:" + setting.cluster},
           {"ca-cert", ""},
           {"template", kind},
           {"features", json::array()}};
  const auto& locations = queue.settings().placement.locations;
  auto location = locations.find(setting.cluster);
  if (location != locations.end()) out["location"] = location->second;
  return out;
}

Rest::Answer Rest::getClusters(Request&, const Caller& caller) {
  requireClusters(caller, Verb::get);
  json all = json::array(), present = json::array();
  for (const ClusterSetting& one : queue.clusterSettings()) {
    json config = clusterConfig(one);
    all.push_back(config);
    for (const auto& cluster : queue.clusters()) {
      if (cluster->name() != one.cluster) continue;
      config["cluster-definition"] = shownCluster(*cluster);
      present.push_back(config);
    }
  }
  return Response::json(200, {{"db-configs", std::move(all)},
                              {"in-mem-configs", std::move(present)}});
}

// Backends are instances of the host's, so that a request can add none.
Rest::Answer Rest::createCluster(Request& request, const Caller& caller) {
  ClusterChange news = readClusterChange(request.json());
  requireClusters(caller, Verb::create);
  if (queue.clusterSetting(news.name)) return refusal(422, called(news.name) + " already exists");
  bool known = false;
  for (const auto& cluster : queue.clusters()) {
    known = known || (!news.clusterTemplate.empty() && cluster->kind() == news.clusterTemplate);
  }
  if (!known) {
    return refusal(422,
                   "Attempting to create cluster with unknown template: " + news.clusterTemplate);
  }
  return refusal(422, "Cluster creation was not successful",
                 "Clusters come from the configuration: write an instance of the backend under "
                 "`plugins`, and name it under `uses: { backends: [...] }` of the queue.");
}

// Empty: what was given of a cluster's facts is as they are.
std::string Rest::faultInFacts(const json& given, const ClusterSetting& setting) const {
  json present = clusterConfig(setting);
  for (auto it = given.begin(); it != given.end(); ++it) {
    json here = present.contains(it.key()) ? present[it.key()] : json("");
    // What kind of backend it is, it tells once it is attached.
    if (it.value() == here || (it.key() == "template" && here == "")) continue;
    return "Attempting to change a comparable field when force? is false: " + it.key() + " is " +
           here.dump(-1, ' ', false, json::error_handler_t::replace) + ", by the configuration.";
  }
  return "";
}

Rest::Answer Rest::updateCluster(Request& request, const Caller& caller) {
  ClusterChange news = readClusterChange(request.json());
  bool force = isForced(request);
  requireClusters(caller, Verb::update);
  auto present = queue.clusterSetting(news.name);
  if (!present) return refusal(422, called(news.name) + " does not exist");
  std::string fault = force ? "" : faultInFacts(news.facts, *present);
  if (!fault.empty()) return refusal(422, "Cluster update was not successful", fault);
  auto outcome = std::make_shared<Outcome>();
  AuditLine line = auditLine(caller, "cluster.set", news.name, force ? "forced" : "");
  // Decided at its turn, by what the state is then.
  auto decide = [&queue = queue, news, line, force, outcome](const Entitlements&) mutable {
    ClusterSetting before = queue.clusterSetting(news.name).value_or(ClusterSetting{news.name});
    ClusterSetting after{news.name, news.state, news.locked.value_or(before.locked)};
    outcome->fault = faultInChange(before, after, queue.livesOn(news.name), force);
    outcome->setting = outcome->fault.empty() ? after : before;
    outcome->differs = !(outcome->setting == before);
    AdminChange change;
    if (!outcome->differs) return change;
    line.before = notedState(before);
    line.after = notedState(after);
    change.clusters.push_back(after);
    change.audit.push_back(line);
    return change;
  };
  return queue.administer(std::move(decide)).then([this, outcome]() -> Response {
    const Outcome& its = *outcome;
    if (!its.fault.empty()) return refusal(422, "Cluster update was not successful", its.fault);
    json result{{"cluster-name", its.setting.cluster},
                {"valid?", true},
                {"differs?", its.differs},
                {"active?", its.setting.state != ClusterState::deleted},
                {"goal-config", clusterConfig(its.setting)},
                {"update-result", {{"update-succeeded", true}}}};
    return Response::json(201, json::array({result}));
  });
}

// What was set of it is forgotten; while its backend is granted it is there again, and running.
Rest::Answer Rest::deleteCluster(Request& request, const Caller& caller) {
  std::string cluster = readClusterName(request.json());
  requireClusters(caller, Verb::destroy);
  if (cluster.empty()) return refusal(400, "You must specify the cluster name to delete");
  if (!queue.clusterSetting(cluster)) return refusal(400, called(cluster) + " does not exist");
  AuditLine line = auditLine(caller, "cluster.delete", cluster, "");
  auto decide = [&queue = queue, cluster, line](const Entitlements&) mutable {
    line.before = notedState(queue.clusterSetting(cluster).value_or(ClusterSetting{cluster}));
    AdminChange change;
    change.clustersRemoved.push_back(cluster);
    change.audit.push_back(line);
    return change;
  };
  return queue.administer(std::move(decide)).then([] { return Response::empty(204); });
}

}  // namespace maitred::cook
