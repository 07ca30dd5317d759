#include "message.h"

#include <nlohmann/json.hpp>
#include <openssl/hmac.h>

#include <algorithm>

namespace webhook_plugin {

namespace queue = maitred::queue;
using nlohmann::json;

namespace {

const char* nameOf(queue::InstanceState state) {
  switch (state) {
    case queue::InstanceState::RUNNING: return "running";
    case queue::InstanceState::SUCCESS: return "success";
    case queue::InstanceState::FAILED: return "failed";
    default: return "unknown";  // also what a newer queue may add
  }
}

// The contract has no such state: a job has succeeded if one of its instances has.
bool succeeded(queue::Job::Reader job) {
  for (auto instance : job.getInstances()) {
    if (instance.getState() == queue::InstanceState::SUCCESS) return true;
  }
  return false;
}

json told(queue::Instance::Reader instance) {
  json out = {{"task", instance.getTaskId().cStr()},
              {"state", nameOf(instance.getState())},
              {"cluster", instance.getCluster().cStr()},
              {"host", instance.getHostname().cStr()},
              {"startedAt", instance.getStartedAt()},
              {"endedAt", instance.getEndedAt()},
              {"exitCode", nullptr},
              {"reasonCode", nullptr}};
  if (instance.getHasExitCode()) out["exitCode"] = instance.getExitCode();
  if (instance.getReasonCode() != 0) out["reasonCode"] = instance.getReasonCode();
  return out;
}

// Names of jobs may be any bytes; what is not UTF-8 in them must not make the job impossible to
// tell.
std::string written(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace

bool finished(queue::Job::Reader job) {
  if (job.getState() != queue::JobState::COMPLETED) return false;
  for (auto instance : job.getInstances()) {
    if (instance.getState() == queue::InstanceState::RUNNING) return false;
  }
  return true;
}

int64_t endOf(queue::Job::Reader job) {
  int64_t end = job.getSubmittedAt();
  for (auto instance : job.getInstances()) end = std::max(end, instance.getEndedAt());
  return end;
}

std::string eventId(queue::Job::Reader job) {
  return std::string(job.getSpec().getId().cStr()) + "-" + std::to_string(job.getSequence());
}

std::string bodyOf(queue::Job::Reader job, size_t most) {
  auto spec = job.getSpec();
  json out = {{"event", eventId(job)},
              {"uuid", spec.getId().cStr()},
              {"user", spec.getUser().cStr()},
              {"name", spec.getName().cStr()},
              {"pool", spec.getPool().cStr()},
              {"state", succeeded(job) ? "success" : "failed"},
              {"submittedAt", job.getSubmittedAt()},
              {"instancesOmitted", 0}};
  size_t room = most - std::min(most, written(out).size() + 40);
  auto instances = job.getInstances();
  std::vector<json> kept;  // the latest first: the last one decided
  for (size_t i = instances.size(); i > 0; --i) {
    json instance = told(instances[i - 1]);
    size_t size = written(instance).size() + 1;
    if (size > room) break;
    room -= size;
    kept.push_back(std::move(instance));
  }
  out["instancesOmitted"] = instances.size() - kept.size();
  out["instances"] = json::array();
  for (auto i = kept.rbegin(); i != kept.rend(); ++i) out["instances"].push_back(std::move(*i));
  return written(out);
}

std::string signatureOf(std::string_view secret, std::string_view body) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  HMAC(EVP_sha256(), secret.data(), int(secret.size()),
       reinterpret_cast<const unsigned char*>(body.data()), body.size(), digest, &length);
  static const char digits[] = "0123456789abcdef";
  std::string out = "sha256=";
  for (unsigned i = 0; i < length; ++i) {
    out += digits[digest[i] >> 4];
    out += digits[digest[i] & 15];
  }
  return out;
}

}  // namespace webhook_plugin
