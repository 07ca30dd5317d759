// What jobs ask for, against what there is: limits, gpus, disk, containers.

#include "submission.h"

#include <core/constraints.h>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>

namespace maitred::cook {

using nlohmann::json;

namespace {

constexpr std::size_t FAULTS_TOLD = 10;

bool contains(const std::vector<std::string>& list, const std::string& one) {
  return std::find(list.begin(), list.end(), one) != list.end();
}

std::optional<std::string> gpuFault(const JobSpec& job, const PoolTerms& terms) {
  if (job.gpus <= 0) return std::nullopt;
  if (!terms.gpus) return "GPU support is not enabled";
  if (terms.gpuRule == nullptr || terms.gpuRule->models.empty()) {
    return "Job requested GPUs but pool " + terms.name + " does not have any valid GPU models";
  }
  std::string model = gpuModelOf(job);
  if (!model.empty() && !contains(terms.gpuRule->models, model)) {
    return "The following GPU model is not supported: " + model;
  }
  return std::nullopt;
}

std::optional<std::string> diskFault(const json& disk, const PoolTerms& terms) {
  if (terms.disk == nullptr) {
    return "Disk specifications are not supported on pool " + terms.name;
  }
  double request = disk.value("request", 0.0), most = terms.disk->mostMib;
  double limit = disk.value("limit", request);
  if (disk.contains("limit") && (request > limit || limit > most)) {
    return "Disk resource setting error. We must have disk-request <= disk-limit <= max-size.";
  }
  if (request > most) return "Disk request specified is greater than max disk size on pool";
  std::string type = disk.value("type", "");
  if (disk.contains("type") && !contains(terms.disk->types, type)) {
    std::string set;
    for (const std::string& one : terms.disk->types) {
      set += (set.empty() ? "\"" : " \"") + one + "\"";
    }
    return "The following disk type is not supported: " + type + " for pool " + terms.name +
           " with disks #{" + set + "}";
  }
  return std::nullopt;
}

std::optional<std::string> containerFault(const JobSpec& job, const JobLimits& limits,
                                          const PoolTerms& terms) {
  auto container = containerOf(job.extra);
  if (!container) return std::nullopt;
  if (!terms.containers) return "Containers are not supported by the backends of this queue";
  if (limits.dockerParameters.empty()) return std::nullopt;
  std::string others;
  for (const auto& [key, value] : container->parameters) {
    if (contains(limits.dockerParameters, key)) continue;
    others += (others.empty() ? "" : ", ") + key;
  }
  if (others.empty()) return std::nullopt;
  return "The following parameters are not supported: " + others;
}

// Those of one job, each only if there is one.
template <typename Each>
void eachFault(const JobSpec& job, const JobLimits& limits, const PoolTerms& terms, Each&& each) {
  if (auto fault = faultIn(job, limits)) each(*fault);
  if (auto fault = gpuFault(job, terms)) each(*fault);
  if (job.extra.empty()) return;
  json extra = json::parse(job.extra);
  if (auto disk = extra.find("disk"); disk != extra.end()) {
    if (auto fault = diskFault(*disk, terms)) each(*fault);
  }
  if (auto fault = containerFault(job, limits, terms)) each(*fault);
}

void put(JobSpec& job, const Container& container) {
  json extra = job.extra.empty() ? json::object() : json::parse(job.extra);
  extra["container"] = jsonOf(container);
  job.extra = extra.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace

void checkJobs(const Submission& submission, const JobLimits& limits, const PoolTerms& terms) {
  std::set<std::string> seen;
  std::string text;
  std::size_t more = 0;
  for (const JobSpec& job : submission.jobs) {
    eachFault(job, limits, terms, [&](const std::string& fault) {
      if (seen.contains(fault)) return;
      if (seen.size() == FAULTS_TOLD) {
        ++more;
        return;
      }
      seen.insert(fault);
      text += (text.empty() ? "" : "\n") + fault;
    });
  }
  if (text.empty()) return;
  if (more != 0) text += "\nand " + std::to_string(more) + " more";
  throw Refused(400, text);
}

void fillIn(Submission& submission, const PoolTerms& terms) {
  if (terms.container == nullptr) return;
  for (JobSpec& job : submission.jobs) {
    Container usual = terms.container->container;
    const IncrementalValue* image =
        terms.images == nullptr ? nullptr : valueFor(job.id, *terms.images);
    if (image != nullptr) usual.image = image->value;
    auto own = containerOf(job.extra);
    if (!own) {
      put(job, usual);
    } else if (own->image.empty()) {
      own->image = usual.image;
      put(job, *own);
    }
  }
}

bool hasDocker(const Submission& submission) {
  return std::any_of(submission.jobs.begin(), submission.jobs.end(), [](const JobSpec& job) {
    auto container = containerOf(job.extra);
    return container && container->isDocker();
  });
}

void checkDockerUser(Submission& submission, const std::optional<Account>& owner) {
  for (JobSpec& job : submission.jobs) {
    auto container = containerOf(job.extra);
    if (!container || !container->isDocker()) continue;
    if (!owner) throw Refused(400, "The uid is unavailable for the user");
    std::string user = std::to_string(owner->uid) + ":" + std::to_string(owner->gid);
    bool named = false;
    for (const auto& [key, value] : container->parameters) {
      if (key != "user") continue;
      named = true;
      if (value != user) {
        throw Refused(400, "user parameter must match uid and gid of user submitting");
      }
    }
    if (named) continue;
    container->parameters.emplace_back("user", user);
    put(job, *container);
  }
}

}  // namespace maitred::cook
