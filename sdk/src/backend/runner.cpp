#include <maitred/backend/runner.h>

#include <kj/debug.h>

namespace maitred::backend {

kj::Promise<std::vector<Finding>> TaskRunner::reconcile(std::vector<TaskKey> keys, kj::Duration) {
  return std::vector<Finding>(keys.size());
}

void TaskRunner::demand(const std::vector<ShapeWish>&) {}

void TaskRunner::release(const std::string&, std::vector<std::string>, kj::Duration) {}

kj::Promise<Sandbox::Client> TaskRunner::sandbox(const TaskKey&) {
  KJ_UNIMPLEMENTED("this backend keeps no sandboxes that could be read");
}

kj::Promise<std::vector<ExplanationLine>> TaskRunner::explain(const TaskKey&) {
  return std::vector<ExplanationLine>();
}

}  // namespace maitred::backend
