#include "render.h"

#include <core/executor.h>
#include <store/group-text.h>

namespace maitred::cook {

using nlohmann::json;

namespace {

json object(const Pairs& pairs) {
  json out = json::object();
  for (const auto& [name, value] : pairs) out[name] = value;
  return out;
}

// The older forms have nothing where there are none; the Python client, which asks for the newer
// one, takes a list alone.
json uris(const std::vector<Uri>& list, RenderOptions::Form form) {
  if (list.empty() && form != RenderOptions::Form::jobs) return nullptr;
  json out = json::array();
  for (const Uri& uri : list) {
    out.push_back({{"value", uri.value},
                   {"cache", uri.cache},
                   {"executable", uri.executable},
                   {"extract", uri.extract}});
  }
  return out;
}

void addGroups(const JobSpec& spec, RenderOptions::Form form, json& out) {
  using Form = RenderOptions::Form;
  if (!spec.group) {
    if (form != Form::raw) out["groups"] = json::array();
  } else if (form == Form::jobs) {
    out["groups"] = {{{"uuid", spec.group->text()}, {"name", spec.groupName}}};
  } else {
    out["groups"] = {spec.group->text()};
  }
}

void rename(json& object, const char* from, const char* to) {
  auto found = object.find(from);
  if (found == object.end()) return;
  json value = std::move(*found);
  object.erase(found);
  object[to] = std::move(value);
}

json internal(const GroupSpec& group) {
  json wanted = jsonOf(group.placement);
  std::string type = wanted["type"];
  json placement{{"host-placement/type", "host-placement.type/" + type}};
  if (wanted.contains("parameters")) {
    for (const auto& [name, value] : wanted["parameters"].items()) {
      placement["host-placement/parameters"]["host-placement." + type + "/" + name] = value;
    }
  }
  return {{"group/uuid", group.id.text()},
          {"group/name", group.name},
          {"group/host-placement", std::move(placement)}};
}

}  // namespace

json render(const Instance& one, const RenderOptions& options) {
  std::string host = one.hostname.empty() ? "Unknown" : one.hostname;
  std::string agent = one.nodeId.empty() ? "Unknown" : one.nodeId;
  std::string id = one.taskId.text();
  json out{{"task_id", id},
           {"executor_id", id},
           {"status", name(one.status)},
           {"hostname", host},
           {"slave_id", agent},
           {"agent_id", agent},
           {"ports", one.ports},
           {"preempted", one.preempted},
           {"backfilled", false},
           {"start_time", one.startMs},
           {"queue_time", one.queueTimeMs},
           {"progress", one.progress.empty() ? 0 : one.progress[0].percent},
           {"compute-cluster", {{"name", one.cluster}, {"type", options.typeOf(one.cluster)}}}};
  if (one.runningMs != 0) out["mesos_start_time"] = one.runningMs;
  if (one.endMs != 0) out["end_time"] = one.endMs;
  if (one.cancelled) out["cancelled"] = true;
  if (one.executor != Executor::unknown) out["executor"] = name(one.executor);
  if (one.exitCode) out["exit_code"] = *one.exitCode;
  if (const Reason* reason = one.reason == 0 ? nullptr : findReason(one.reason)) {
    out["reason_code"] = reason->code;
    out["reason_string"] = reason->text;
    out["reason_mea_culpa"] = reason->meaCulpa;
  }
  if (!one.sandboxPath.empty()) out["sandbox_directory"] = one.sandboxPath;
  if (!one.sandboxUrl.empty()) out["output_url"] = one.sandboxUrl;
  if (!one.message.empty()) out["message"] = one.message;
  if (!one.progress.empty() && !one.progress[0].message.empty()) {
    out["progress_message"] = one.progress[0].message;
  }
  return out;
}

json render(const Job& job, const RenderOptions& options) {
  const JobSpec& spec = job.spec;
  json out = spec.extra.empty() ? json::object() : json::parse(spec.extra);
  // As in Cook, how its ports are mapped is not told.
  if (auto container = out.find("container"); container != out.end()) {
    if (container->contains("docker")) (*container)["docker"].erase("port-mapping");
  }
  json constraints = json::array();
  for (const AttributeRule& rule : spec.constraints) {
    constraints.push_back({rule.attribute, "EQUALS", rule.value});
  }
  json instances = json::array();
  for (const Instance& one : job.instances) instances.push_back(render(one, options));
  out.update({{"uuid", spec.id.text()},
              {"user", spec.user},
              {"name", spec.name},
              {"command", spec.command},
              {"priority", spec.priority},
              {"cpus", spec.cpus},
              {"mem", spec.mem},
              {"gpus", static_cast<std::int64_t>(job.spec.gpus)},
              {"ports", spec.ports},
              {"max_retries", spec.maxRetries},
              {"retries_remaining", retriesRemaining(job, *options.limits)},
              {"max_runtime", spec.maxRuntimeMs},
              {"disable_mea_culpa_retries", spec.disableMeaCulpa},
              {"env", object(spec.environment)},
              {"labels", object(spec.labels)},
              {"constraints", constraints},
              {"uris", uris(spec.uris, options.form)},
              {"status", name(job.state)},
              {"state", outcome(job)},
              {"submit_time", job.submittedMs},
              {"framework_id", "unsupported"},
              {"instances", std::move(instances)}});
  addGroups(spec, options.form, out);
  if (!spec.pool.empty()) out["pool"] = spec.pool;
  if (!spec.submitPool.empty()) out["submit_pool"] = spec.submitPool;
  if (options.form == RenderOptions::Form::list) {
    rename(out, "submit_pool", "submit-pool");
    rename(out, "expected_runtime", "expected-runtime");
    rename(out, "progress_output_file", "progress-output-file");
    rename(out, "progress_regex_string", "progress-regex-string");
  }
  return out;
}

json renderWithJob(const Job& job, const Instance& instance, const RenderOptions& options) {
  json out = render(instance, options);
  out["job"] = {{"uuid", job.spec.id.text()},
                {"name", job.spec.name},
                {"status", name(job.state)},
                {"state", outcome(job)},
                {"user", job.spec.user}};
  return out;
}

json renderInternal(const Job& job, const GroupSpec* group) {
  const JobSpec& spec = job.spec;
  json resources = json::array();
  resources.push_back({{"resource/type", "cpus"}, {"resource/amount", spec.cpus}});
  resources.push_back({{"resource/type", "mem"}, {"resource/amount", spec.mem}});
  if (spec.gpus > 0) {
    resources.push_back({{"resource/type", "gpus"}, {"resource/amount", spec.gpus}});
  }
  json out{{"job/uuid", spec.id.text()},
           {"job/user", spec.user},
           {"job/name", spec.name},
           {"job/command", spec.command},
           {"job/priority", spec.priority},
           {"job/max-retries", spec.maxRetries},
           {"job/max-runtime", spec.maxRuntimeMs},
           {"job/submit-time", job.submittedMs},
           {"job/state", std::string("job.state/") + name(job.state)},
           {"job/resource", std::move(resources)}};
  if (!spec.pool.empty()) out["job/pool"] = {{"pool/name", spec.pool}};
  if (group != nullptr) out["group/_job"] = json::array({internal(*group)});
  return out;
}

json renderInternal(const Job& job, const Instance& one) {
  json out{{"instance/task-id", one.taskId.text()},
           {"instance/executor-id", one.taskId.text()},
           {"instance/status", std::string("instance.status/") + name(one.status)},
           {"instance/hostname", one.hostname},
           {"instance/slave-id", one.nodeId},
           {"instance/start-time", one.startMs},
           {"instance/queue-time", one.queueTimeMs},
           {"instance/ports", one.ports},
           {"instance/preempted?", one.preempted},
           {"instance/compute-cluster", {{"compute-cluster/cluster-name", one.cluster}}},
           {"job/_instance", renderInternal(job, nullptr)}};
  if (one.runningMs != 0) out["instance/mesos-start-time"] = one.runningMs;
  if (one.cancelled) out["instance/cancelled"] = true;
  if (!one.progress.empty()) out["instance/progress"] = one.progress[0].percent;
  return out;
}

}  // namespace maitred::cook
