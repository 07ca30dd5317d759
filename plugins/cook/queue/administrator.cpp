#include "administrator.h"

namespace maitred::cook {

Administrator::Administrator(Records& records, const Administration& loaded)
    : records(records), turn(kj::Promise<void>(kj::READY_NOW).fork()) {
  for (const ShareRow& row : loaded.shares) present.shares.set(row);
  for (const QuotaRow& row : loaded.quotas) present.quotas.set(row);
  for (const ClusterSetting& one : loaded.clusters) clusters_[one.cluster] = one;
  for (const IncrementalRow& row : loaded.incremental) incremental_[row.key] = row.values;
}

void Administrator::configure(std::vector<ShareRow> shares, std::vector<QuotaRow> quotas,
                              const std::string& defaultPool) {
  present.shares.configure(std::move(shares), defaultPool);
  present.quotas.configure(std::move(quotas), defaultPool);
}

void Administrator::apply(const AdminChange& change) {
  for (const LimitKey& key : change.sharesRemoved) present.shares.unset(key);
  for (const LimitKey& key : change.quotasRemoved) present.quotas.unset(key);
  for (const ShareRow& row : change.shares) present.shares.set(row);
  for (const QuotaRow& row : change.quotas) present.quotas.set(row);
  for (const std::string& cluster : change.clustersRemoved) clusters_.erase(cluster);
  for (const ClusterSetting& one : change.clusters) clusters_[one.cluster] = one;
  for (const IncrementalRow& row : change.incremental) {
    if (row.values.empty()) {
      incremental_.erase(row.key);
    } else {
      incremental_[row.key] = row.values;
    }
  }
  changed();
}

// The work is this object's own and ends with it, whoever waits for it.
kj::Promise<void> Administrator::administer(Decide decide) {
  auto next = kj::newPromiseAndFulfiller<void>();
  auto done = turn.addBranch()
                  .then([this, decide = kj::mv(decide)]() mutable {
                    AdminChange change = decide(present);
                    auto written = records.administer(fence, change);
                    return written.then([this, change = std::move(change)] { apply(change); });
                  })
                  // Whether it went well or not, the next one has its turn.
                  .attach(kj::defer([end = kj::mv(next.fulfiller)]() mutable { end->fulfill(); }));
  turn = next.promise.fork();
  return work.run(kj::mv(done));
}

}  // namespace maitred::cook
