#pragma once
// Administrator: changes of shares, quotas and clusters, one after the other, each durable with its
// line in the audit log before it is in force.

#include "entitlements.h"

#include <store/records.h>

#include <maitred/work.h>

#include <kj/async.h>
#include <kj/function.h>

namespace maitred::cook {

class Administrator {
 public:
  Administrator(Records& records, const Administration& loaded);
  KJ_DISALLOW_COPY(Administrator);

  const Entitlements& entitlements() const { return present; }
  // What was set of clusters, by their names.
  const std::map<std::string, ClusterSetting>& clusters() const { return clusters_; }
  // What was set for portions of the jobs, by key.
  using Incremental = std::map<std::string, std::vector<IncrementalValue>>;
  const Incremental& incremental() const { return incremental_; }
  // The configuration's part.
  void configure(std::vector<ShareRow> shares, std::vector<QuotaRow> quotas,
                 const std::string& defaultPool);
  void setFence(std::uint64_t value) { fence = value; }
  // Called after a change is in force.
  void onChange(kj::Function<void()> callback) { changed = kj::mv(callback); }

  // `decide` is asked when its turn has come. Resolves when the change is durable and in force;
  // rejects with the store's fault, and then nothing has changed. Goes on if the promise is
  // dropped.
  using Decide = kj::Function<AdminChange(const Entitlements& present)>;
  kj::Promise<void> administer(Decide decide);

 private:
  Records& records;
  Entitlements present;
  std::map<std::string, ClusterSetting> clusters_;
  Incremental incremental_;
  std::uint64_t fence = 0;
  kj::Function<void()> changed = [] {};
  kj::ForkedPromise<void> turn;  // resolves when the latest change is through
  OwnedWork work;                // last, so that it ends before what it uses

  void apply(const AdminChange& change);
};

}  // namespace maitred::cook
