// Progress: gathered as it comes in, written down now and then.

#include "batch-queue.h"

namespace maitred::cook {

void BatchQueue::progressed(const Uuid& taskId, ProgressReport report) {
  using Taken = ProgressReports::Taken;
  Taken taken = reports.offer(taskId, std::move(report), steadyMs());
  counted.progress(taken).add();
  if (taken != Taken::accepted || publishing) return;
  publishing = true;
  tasks.add(world.timer.afterDelay(settings_.progress.intervalMs * kj::MILLISECONDS).then([this] {
    return publishProgress();
  }));
}

std::size_t BatchQueue::applyProgress(std::size_t least) {
  std::size_t count = 0;
  while (count < least && !reports.empty()) {
    for (const auto& due : reports.take()) {
      jobs.progress(due.instance, due.report);
      ++count;
    }
  }
  return count;
}

// One batch after the other, each in a transaction of its own.
kj::Promise<void> BatchQueue::publishProgress() {
  if (applyProgress(1) == 0) {
    publishing = false;
    return kj::READY_NOW;
  }
  // A write that fails is made up for by the journal.
  return journal_.flush().catch_([](kj::Exception&&) {}).then([this] {
    return publishProgress();
  });
}

}  // namespace maitred::cook
