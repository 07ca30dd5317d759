#include "admission.h"

#include <algorithm>
#include <cmath>

namespace maitred::cook {
namespace {

constexpr double PRIORITY_MOST = 16'000'000;
constexpr double WHOLE_MOST = 1ll << 53;

lua::Value tableOf(const Pairs& pairs) {
  lua::Table table;
  for (const auto& [name, value] : pairs) table.set(name, value);
  return table;
}

std::vector<Pairs::value_type> pairsIn(const lua::Table& table) {
  std::vector<Pairs::value_type> pairs;
  for (const auto& [name, value] : table.fields) {
    if (const std::string* text = value.string()) pairs.emplace_back(name, *text);
  }
  std::sort(pairs.begin(), pairs.end());
  return pairs;
}

std::int64_t whole(double value, double least, double most) {
  return std::llround(std::clamp(value, least, most));
}

// Of the right types, which the engine has checked. Whether the queue allows it is seen later.
void apply(const lua::Table& change, JobSpec& job) {
  if (const lua::Value* pool = change.find("pool"); pool != nullptr && pool->string() != nullptr) {
    job.pool = *pool->string();
  }
  if (const lua::Value* priority = change.find("priority")) {
    job.priority = whole(priority->number(), 0, PRIORITY_MOST);
  }
  if (const lua::Value* retries = change.find("max_retries")) {
    job.maxRetries = whole(retries->number(), 1, WHOLE_MOST);
  }
  if (const lua::Value* runtime = change.find("max_runtime_ms")) {
    job.maxRuntimeMs = whole(runtime->number(), 1, WHOLE_MOST);
  }
  if (const lua::Value* labels = change.find("labels"); labels && labels->table()) {
    job.labels = pairsIn(*labels->table());
  }
  if (const lua::Value* env = change.find("env"); env && env->table()) {
    job.environment = pairsIn(*env->table());
  }
}

}  // namespace

lua::Value admissionJob(const JobSpec& job) {
  lua::Table table;
  table.set("user", job.user.str()).set("name", job.name).set("command", job.command);
  table.set("pool", job.pool.str()).set("cpus", job.cpus).set("mem", job.mem);
  table.set("gpus", job.gpus).set("priority", job.priority).set("max_retries", job.maxRetries);
  if (job.maxRuntimeMs != JobSpec::NO_RUNTIME_LIMIT) {
    table.set("max_runtime_ms", static_cast<double>(job.maxRuntimeMs));
  }
  table.set("labels", tableOf(job.labels)).set("env", tableOf(job.environment));
  return table;
}

std::optional<std::string> admit(lua::PolicySlot& slot, lua::Function function, JobSpec& job) {
  const lua::Value arguments[] = {admissionJob(job)};
  lua::Value answer;
  if (!slot.ask(function, arguments, answer)) return std::nullopt;
  const lua::Table* told = answer.table();
  if (told == nullptr) return std::nullopt;
  const lua::Value* accept = told->find("accept");
  if (accept != nullptr && !accept->truthy()) {
    const lua::Value* message = told->find("message");
    if (message != nullptr && message->string() != nullptr) return *message->string();
    return "Job " + job.name + " is refused by the admission policy, which does not say why: ask "
           "those who run the queue";
  }
  const lua::Value* change = told->find("change");
  if (change != nullptr && change->table() != nullptr) apply(*change->table(), job);
  return std::nullopt;
}

}  // namespace maitred::cook
