// Instances that the queue itself stops. Each has failed in the book first, then durably, and only
// then is its task ended: whatever breaks in between, nothing is stopped that the store believes
// to run on, and what is still to be stopped is known after a restart.

#include "batch-queue.h"

namespace maitred::cook {

void BatchQueue::startTimers() {
  rebalancing = rebalanceInTime().eagerlyEvaluate(nullptr);
  watchingRuntimes = watchRuntimes().eagerlyEvaluate(nullptr);
}

void BatchQueue::stopFailed(std::vector<Uuid> ids) {
  if (ids.empty()) return;
  tasks.add(journal_.flush().then([this, ids = std::move(ids)] { stop(ids); }));
}

kj::Promise<void> BatchQueue::watchRuntimes() {
  return world.timer.afterDelay(settings_.runtimeIntervalMs * kj::MILLISECONDS).then([this] {
    // What cannot be written down is not decided either.
    if (!draining && journal_.trouble().empty()) {
      KJ_IF_MAYBE (fault, kj::runCatchingExceptions([this] { stopOverlong(); })) {
        world.log.error("cannot look for what runs too long: ", *fault);
      }
    }
    return watchRuntimes();
  });
}

// Unix time by which runtimes are measured: nobody is stopped because somebody has set the clock
// forward.
std::int64_t BatchQueue::ageingMs() {
  return std::min(nowMs(), bornMs + steadyMs() - bornSteadyMs);
}

void BatchQueue::stopOverlong() {
  std::vector<Uuid> stopped;
  auto fail = [&](const std::vector<Uuid>& ids, int reason, const char* why) {
    for (const Uuid& id : ids) {
      if (!jobs.fail(id, reason, Book::Stop::plain, nowMs())) continue;
      stopped.push_back(id);
      world.log.info("instance ", id.text().c_str(), " is stopped: ", why);
      counted.stopped(reason).add();
    }
  };
  fail(lingering(jobs, settings_.runtimes, ageingMs()), Reason::MAX_RUNTIME,
       "it has run for as long as it may");
  fail(stragglers(jobs, ageingMs()), Reason::STRAGGLER,
       "it takes much longer than others of its group");
  // Those of which the end was not heard, once more: a call or a write may have failed.
  for (const auto& [order, job] : jobs.ending()) {
    if (job->sequence <= journal_.durableSequence()) stopped.push_back(job->unended()->taskId);
  }
  // Likewise those that users have killed.
  jobs.eachLive([&](const Job& job) {
    bool isKilled = job.state == JobState::completed || job.live()->cancelled;
    if (isKilled && job.sequence <= journal_.durableSequence()) {
      stopped.push_back(job.live()->taskId);
    }
  });
  stopFailed(std::move(stopped));
}

}  // namespace maitred::cook
