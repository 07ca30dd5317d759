// Which executor runs what a cycle has started.

#include "batch-queue.h"

namespace maitred::cook {

// In the turn of the decision, so that it is written down with the instance and holds for it, also
// when its launch has to be said again under another configuration.
void BatchQueue::chooseExecutors(const std::vector<CycleResult::Started>& started) {
  for (const auto& one : started) {
    Instance* instance = jobs.findTask(one.taskId).instance;
    instance->executor = chooseExecutor(settings_.execution.executor, askedExecutor(one.job->spec),
                                        one.job->spec.id, instance->number);
  }
}

}  // namespace maitred::cook
