#include "job-view.h"

#include <algorithm>

namespace maitred::cook::cli {

using nlohmann::json;

namespace {

std::string text(const json& object, const char* key) {
  auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

double number(const json& object, const char* key) {
  auto found = object.find(key);
  return found != object.end() && found->is_number() ? found->get<double>() : 0;
}

int64_t milliseconds(const json& object, const char* key) {
  return static_cast<int64_t>(number(object, key));
}

}  // namespace

JobView::JobView(const json& job)
    : uuid(text(job, "uuid")),
      name(text(job, "name")),
      user(text(job, "user")),
      state(text(job, "state")),
      cpus(number(job, "cpus")),
      memMib(number(job, "mem")),
      submitMs(milliseconds(job, "submit_time")),
      instances(0),
      completed(text(job, "status") == "completed"),
      succeeded(state == "success") {
  auto list = job.find("instances");
  if (list == job.end() || !list->is_array()) return;
  instances = list->size();
  int64_t latest = -1;
  for (auto& one : *list) {
    int64_t created = milliseconds(one, "start_time");
    int64_t running = milliseconds(one, "mesos_start_time");
    int64_t began = running != 0 ? running : created;
    int64_t ended = milliseconds(one, "end_time");
    if (startMs == 0 || began < startMs) startMs = began;
    if (ended != 0) {
      runSeconds += std::max<int64_t>(0, ended - began) / 1000.0;
    }
    if (created >= latest) {
      latest = created;
      endMs = ended;
      host = text(one, "hostname");
      outputUrl = text(one, "output_url");
      reason = text(one, "status") == "failed" ? text(one, "reason_string") : "";
    }
  }
  cpuSeconds = runSeconds * cpus;
}

}  // namespace maitred::cook::cli
