// What the queue does now and then: it lets go of old jobs, and gives up tasks whose nodes are
// silent.

#include "batch-queue.h"

namespace maitred::cook {
namespace {

constexpr kj::Duration HOUSEKEEPING = 1 * kj::SECONDS;

}  // namespace

kj::Promise<void> BatchQueue::keepHouse() {
  return world.timer.afterDelay(HOUSEKEEPING)
      .then([this] {
        giveUpSilent();
        followTime();
        launchFilters.sweep(jobs, steadyMs());
        return prune().then([this] { archiveFault.clear(); },
                            [this](kj::Exception&& e) {
                              if (archiveFault.empty()) {
                                world.log.warning("cannot let go of old jobs: ",
                                                  e.getDescription());
                              }
                              archiveFault = e.getDescription().cStr();
                            });
      })
      .then([this] { return keepHouse(); });
}

kj::Promise<void> BatchQueue::prune() {
  std::int64_t now = nowMs();
  Journal::PruneRule rule{now, now - settings_.keepCompletedMs, settings_.keepCompleted, archive};
  return journal_.prune(rule).then([this, now](std::size_t count) -> kj::Promise<void> {
    // As long as there are many, without waiting for the next round.
    if (count >= Journal::PRUNED_AT_ONCE) return prune();
    KJ_IF_MAYBE (old, archive) {
      if (settings_.keepArchivedMs > 0) {
        return old->trim(journal_.fenceInForce(), now - settings_.keepArchivedMs, 1000)
            .ignoreResult();
      }
    }
    return kj::READY_NOW;
  });
}

void BatchQueue::giveUpSilent() {
  std::vector<Uuid> over;
  for (auto at = silentTasks.begin(); at != silentTasks.end();) {
    auto found = jobs.findTask(at->first);
    bool silent = found && !found.instance->over() && found.instance->unreachableMs != 0;
    bool tooLong = silent && steadyMs() - at->second >= settings_.unreachableMs;
    if (tooLong) over.push_back(at->first);
    at = silent && !tooLong ? std::next(at) : silentTasks.erase(at);
  }
  if (over.empty()) return;
  for (const Uuid& id : over) {
    auto found = jobs.findTask(id);
    nodes_.letGo({found.instance->cluster, found.instance->nodeId}, id);
    Report end;
    end.status = InstanceStatus::failed;
    end.reason = Reason::NODE_SILENT;
    end.atMs = nowMs();
    jobs.report(id, end, nowMs());
  }
  stopFailed(std::move(over));
  kick();
}

}  // namespace maitred::cook
