#include "translate.h"

#include <core/constraints.h>

#include <maitred/backend/spec.h>

#include <charconv>

namespace maitred::cook {
namespace {

constexpr std::int64_t NS_PER_MS = 1'000'000;

// "gpu/a100" under "a100", "gpu" without a name.
Kinds kindsOf(backend::Resources::Reader resources, std::string_view resource) {
  Kinds kinds;
  for (auto one : resources.getOthers()) {
    std::string_view name(one.getName().cStr(), one.getName().size());
    if (!name.starts_with(resource)) continue;
    name.remove_prefix(resource.size());
    if (!name.empty() && name.front() != '/') continue;
    if (!name.empty()) name.remove_prefix(1);
    kinds.emplace_back(name, static_cast<std::int64_t>(one.getValue()));
  }
  return kinds;
}

Amount amountOf(backend::Resources::Reader resources) {
  Amount amount;
  amount.cpuMillis = static_cast<std::int64_t>(resources.getCpuMillis());
  amount.memBytes = static_cast<std::int64_t>(resources.getMemoryBytes());
  for (auto range : resources.getPorts()) {
    if (range.getLast() >= range.getFirst()) amount.ports += range.getLast() - range.getFirst() + 1;
  }
  for (const auto& [model, count] : kindsOf(resources, "gpu")) amount.gpus += count;
  return amount;
}

template <typename Lists>
void writePairs(const Pairs& pairs, Lists out) {
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    out[i].setName(pairs[i].first);
    out[i].setValue(pairs[i].second);
  }
}

}  // namespace

std::string text(capnp::Text::Reader reader) {
  return {reader.begin(), reader.size()};
}

std::string decimal(double value) {
  char buffer[64];
  auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
  std::string out(buffer, end);
  if (out.find_first_of(".e") == std::string::npos) out += ".0";
  return out;
}

void writeSpec(const Job& job, const Instance& instance, std::int64_t runtimeMostMs,
               const ExecutionSettings& execution, backend::TaskSpec::Builder out) {
  const JobSpec& spec = job.spec;
  out.setName(spec.name + "_" + spec.user + "_" + instance.taskId.text());
  out.initCommand().setShell(spec.command);
  writeExecution(job, instance, execution, out);
  writePairs(spec.labels, out.initLabels(spec.labels.size()));
  auto uris = out.initUris(spec.uris.size());
  for (std::size_t i = 0; i < spec.uris.size(); ++i) {
    uris[i].setLocation(spec.uris[i].value);
    uris[i].setExecutable(spec.uris[i].executable);
    uris[i].setExtract(spec.uris[i].extract);
    uris[i].setCache(spec.uris[i].cache);
  }
  Amount amount = Amount::of(spec);
  out.initResources().setCpuMillis(amount.cpuMillis);
  out.getResources().setMemoryBytes(amount.memBytes);
  if (spec.gpus > 0) {
    std::string model = gpuModelOf(spec);
    auto gpus = out.getResources().initOthers(1)[0];
    gpus.setName(model.empty() ? "gpu" : "gpu/" + model);
    gpus.setValue(static_cast<std::uint64_t>(spec.gpus));
  }
  auto ports = out.initPorts(spec.ports);
  for (std::int64_t i = 0; i < spec.ports; ++i) ports[i].setName("port" + std::to_string(i));
  out.setUser(spec.user);
  out.setKind(backend::TaskKind::BATCH);
  out.setRunMaxMs(runtimeMostMs);
  out.setPool(spec.pool);
  out.setPriority(static_cast<std::int32_t>(spec.priority));
  backend::seal(out);
}

NodeFacts factsOf(const std::string& cluster, backend::Node::Reader node) {
  NodeFacts facts;
  facts.key = {cluster, text(node.getRoom().getNodeId())};
  facts.hostname = text(node.getHostname());
  facts.capacity = amountOf(node.getCapacity());
  if (facts.capacity.ports == 0) facts.capacity.ports = Amount::ANY_PORTS;
  facts.gpus = kindsOf(node.getCapacity(), "gpu");
  facts.tasksMax = node.getTasksMax();
  facts.pool = text(node.getPool());
  facts.ready = node.getState() == backend::NodeState::READY;
  for (auto attribute : node.getAttributes()) {
    std::vector<std::string> values;
    for (auto value : attribute.getValues()) values.push_back(text(value));
    facts.attributes.emplace_back(text(attribute.getName()), std::move(values));
  }
  return facts;
}

RoomFacts roomOf(backend::Room::Reader room) {
  RoomFacts facts{amountOf(room.getAvailable()), room.getTaskCount(), room.getGeneration(),
                  kindsOf(room.getAvailable(), "disk")};
  auto disk = static_cast<std::int64_t>(room.getAvailable().getDiskBytes());
  if (disk != 0) facts.diskBytes.emplace_back("", disk);
  return facts;
}

int reasonOf(backend::TaskState state, backend::Reason reason) {
  if (state == backend::TaskState::SUCCEEDED) return 0;
  switch (reason) {
    case backend::Reason::EXITED:
    case backend::Reason::SIGNALLED:
      return Reason::NON_ZERO_EXIT;
    case backend::Reason::OUT_OF_MEMORY:
      return Reason::MEMORY_LIMIT;
    case backend::Reason::OUT_OF_DISK:
      return Reason::DISK_LIMIT;
    case backend::Reason::RAN_TOO_LONG:
      return Reason::MAX_RUNTIME;
    case backend::Reason::KILLED_BY_CONSUMER:
      return Reason::KILLED_BY_USER;
    case backend::Reason::KILLED_FROM_OUTSIDE:
      return Reason::KILLED_EXTERNALLY;
    case backend::Reason::PREEMPTED:
      return Reason::CONTAINER_PREEMPTED;
    case backend::Reason::NODE_LOST:
    case backend::Reason::NODE_DRAINED:
      return Reason::NODE_REMOVED;
    case backend::Reason::NODE_RESTARTED:
      return Reason::NODE_RESTARTED;
    case backend::Reason::STALE_ROOM:
    case backend::Reason::NO_ROOM:
    case backend::Reason::QUOTA:
    case backend::Reason::INFRASTRUCTURE:
      return Reason::SCHEDULING_FAILED;
    case backend::Reason::INVALID_SPEC:
      return Reason::TASK_INVALID;
    case backend::Reason::UNAUTHORIZED:
      return Reason::TASK_UNAUTHORIZED;
    case backend::Reason::IMAGE_UNAVAILABLE:
    case backend::Reason::FETCH_FAILED:
    case backend::Reason::SANDBOX_FAILED:
      return Reason::LAUNCH_FAILED;
    case backend::Reason::START_TIMEOUT:
      return Reason::START_TIMED_OUT;
    case backend::Reason::PROBE_FAILED:
      return Reason::READINESS_TIMED_OUT;
    case backend::Reason::RESULT_LOST:
      return Reason::EXECUTOR_TERMINATED;
    case backend::Reason::UNSPECIFIED:
      break;
  }
  if (state == backend::TaskState::LOST) return Reason::NODE_REMOVED;
  return Reason::UNKNOWN_TO_BACKEND;
}

namespace {

Report facts(backend::TaskStatus::Reader status, std::int64_t nowMs) {
  Report report;
  report.atMs = status.getAt() > 0 ? status.getAt() / NS_PER_MS : nowMs;
  report.hostname = text(status.getHostname());
  report.nodeId = text(status.getNodeId());
  report.sandboxUrl = text(status.getSandboxUrl());
  report.sandboxPath = text(status.getSandboxPath());
  report.message = text(status.getMessage());
  for (auto endpoint : status.getEndpoints()) report.ports.push_back(endpoint.getPort());
  if (status.getExit().isCode()) report.exitCode = status.getExit().getCode();
  // As a shell tells it.
  if (status.getExit().isSignal()) report.exitCode = 128 + status.getExit().getSignal();
  return report;
}

// A late refusal for reasons that will be the same on the next attempt.
bool isPermanent(backend::Reason reason) {
  return reason == backend::Reason::INVALID_SPEC || reason == backend::Reason::UNAUTHORIZED ||
         reason == backend::Reason::IMAGE_UNAVAILABLE || reason == backend::Reason::FETCH_FAILED ||
         reason == backend::Reason::SANDBOX_FAILED ||
         reason == backend::Reason::KILLED_BY_CONSUMER || reason == backend::Reason::START_TIMEOUT;
}

}  // namespace

Verdict verdictOn(backend::TaskStatus::Reader status, std::int64_t nowMs) {
  Verdict verdict{Verdict::Kind::news, facts(status, nowMs)};
  Report& report = verdict.report;
  auto end = [&](InstanceStatus to) {
    report.status = to;
    report.reason = reasonOf(status.getState(), status.getReason());
  };
  switch (status.getState()) {
    case backend::TaskState::STARTING:
    case backend::TaskState::RUNNING:
    case backend::TaskState::KILLING:
      report.status = InstanceStatus::running;
      report.unreachableMs = 0;
      break;
    case backend::TaskState::PENDING:
      report.unreachableMs = 0;
      break;
    case backend::TaskState::UNREACHABLE:
      report.unreachableMs =
          status.getUnreachableSince() > 0 ? status.getUnreachableSince() / NS_PER_MS : nowMs;
      break;
    case backend::TaskState::SUCCEEDED:
      end(InstanceStatus::success);
      break;
    case backend::TaskState::FAILED:
    case backend::TaskState::KILLED:
    case backend::TaskState::LOST:
      end(InstanceStatus::failed);
      break;
    case backend::TaskState::NOT_STARTED:
      if (isPermanent(status.getReason())) {
        end(InstanceStatus::failed);
      } else {
        verdict.kind = Verdict::Kind::withdraw;
      }
      break;
    default:
      verdict.kind = Verdict::Kind::ignore;
  }
  return verdict;
}

ProgressReport progressOf(backend::Progress::Reader progress) {
  ProgressReport report;
  report.sequence = static_cast<std::int64_t>(progress.getSequence());
  if (progress.getPercent() >= 0) report.percent = progress.getPercent();
  if (progress.hasMessage()) report.message = text(progress.getMessage());
  return report;
}

bool tellsNothingElse(const Report& report, const Instance& instance) {
  auto same = [](const std::string& told, const std::string& known) {
    return told.empty() || told == known;
  };
  return report.status == InstanceStatus::running && instance.status == InstanceStatus::running &&
         instance.confirmed && report.unreachableMs == instance.unreachableMs &&
         same(report.hostname, instance.hostname) && same(report.sandboxUrl, instance.sandboxUrl) &&
         same(report.sandboxPath, instance.sandboxPath) &&
         (report.ports.empty() || report.ports.size() == instance.ports.size());
}

RefusalVerdict verdictOn(backend::RefusalReason reason) {
  switch (reason) {
    case backend::RefusalReason::INVALID_SPEC:
    case backend::RefusalReason::UNSUPPORTED:
      return {Reason::TASK_INVALID, false};
    case backend::RefusalReason::UNAUTHORIZED:
      return {Reason::TASK_UNAUTHORIZED, false};
    default:
      return {0, true};  // no room, stale, limited, draining, …
  }
}

}  // namespace maitred::cook
