#pragma once
// What administrators set while the queue runs, and the trace that it leaves: plain values, as the
// store keeps them. What they mean for the order of jobs is decided in core.

#include <core/cluster-states.h>
#include <core/groups.h>
#include <core/incremental.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace maitred::cook {

// Whose limits, and where. The user `default` stands for all who have none of their own; an empty
// pool is the one of a queue without pools.
struct LimitKey {
  std::string user;
  std::string pool;
  auto operator<=>(const LimitKey&) const = default;
};

// A resource without a value takes the default user's, and without that it is unlimited.
struct ShareRow {
  LimitKey key;
  std::optional<double> mem;  // MiB
  std::optional<double> cpus;
  std::optional<double> gpus;
  bool operator==(const ShareRow&) const = default;
};

struct QuotaRow {
  LimitKey key;
  std::optional<double> mem;  // MiB
  std::optional<double> cpus;
  std::optional<double> gpus;
  std::optional<std::int64_t> count;          // jobs that run at once
  std::optional<double> launchRateSaved;      // size of the bucket, in launches
  std::optional<double> launchRatePerMinute;  // what flows into it
  bool operator==(const QuotaRow&) const = default;
};

// A group of jobs as it was submitted. Goes with the last of its jobs.
struct GroupRow {
  GroupSpec spec;
  std::int64_t createdMs = 0;  // unix time
  bool operator==(const GroupRow&) const = default;
};

// The values of one key of /incremental-config; none: the key is not there.
struct IncrementalRow {
  std::string key;
  std::vector<IncrementalValue> values;
  bool operator==(const IncrementalRow&) const = default;
};

// One line of the audit log: who changed what. Texts are kept as given; `before` and `after` are
// for people and programs alike, so JSON is a good choice.
struct AuditLine {
  std::int64_t atMs = 0;   // unix time
  std::string user;        // who was authenticated
  std::string onBehalfOf;  // whom they acted for; empty: for themselves
  std::string action;      // a word such as share.set, quota.delete, job.kill, job.retry
  std::string target;      // what it was done to: a user and pool, a job's uuid
  std::string before;      // empty: there was nothing
  std::string after;       // empty: there is nothing any more
  std::string reason;      // what the user gave; may be empty
  bool operator==(const AuditLine&) const = default;
};

// Changes that become durable together, with the lines that tell of them.
struct AdminChange {
  std::vector<ShareRow> shares;  // each replaces the row of its key as a whole
  std::vector<QuotaRow> quotas;
  std::vector<LimitKey> sharesRemoved;  // before the above are written
  std::vector<LimitKey> quotasRemoved;
  std::vector<ClusterSetting> clusters = {};  // each replaces that of its cluster
  std::vector<std::string> clustersRemoved = {};
  std::vector<IncrementalRow> incremental = {};  // each replaces the values of its key
  std::vector<AuditLine> audit;
};

// All that the store holds of it.
struct Administration {
  std::vector<ShareRow> shares;  // by user, then pool
  std::vector<QuotaRow> quotas;
  std::vector<GroupRow> groups;
  std::vector<ClusterSetting> clusters = {};     // by name
  std::vector<IncrementalRow> incremental = {};  // by key
};

}  // namespace maitred::cook
