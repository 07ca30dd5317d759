#pragma once
// Cook's REST interface: the routes, and what all of them share. Decisions fall in Cook's order:
// malformed (400), not allowed (403), possible (422), exists or not (404, 409).

#include "access.h"
#include "bodies.h"
#include "cross-origin.h"
#include "render.h"
#include "submission.h"

#include <core/request-window.h>
#include <queue/batch-queue.h>

#include <functional>

namespace maitred::cook {

// What all users together may have in the pools whose names the expression is found in.
struct PoolQuotaRule {
  Pattern regex;
  Quota quota;
};

// How the jobs of the pools whose names the expression is found in are matched.
struct SchedulerRule {
  Pattern regex;
  SchedulerSettings scheduler;
};

// What clients are told of a backend. They choose their way to the files by it.
struct ReportedCluster {
  std::string type;       // empty: kubernetes for that, mesos for all others
  std::string factoryFn;  // empty: Cook's for that type
};

// Requests in a minute; 0: as many as they like.
struct RequestLimits {
  std::int64_t user = 0;     // of each
  std::int64_t open = 0;     // of each address, where nobody is asked who they are
  std::int64_t metrics = 0;  // likewise
};

struct RestSettings {
  AccessRules access;
  JobLimits limits;
  std::vector<Pattern> corsOrigins;
  bool gpus = false;  // jobs may ask for them
  std::vector<GpuRule> gpuRules;
  std::vector<DiskLimits> diskLimits;
  std::vector<ContainerRule> containerRules;
  std::vector<QueueLimitRule> queueLimits;
  Rate submissionRate;                    // jobs of one user
  bool enforceSubmissionRate = false;
  RequestLimits requestLimits;
  // For /settings; the queue has what they come to.
  std::vector<PoolQuotaRule> poolQuotas;
  std::vector<SchedulerRule> schedulers;
  std::map<std::string, ReportedCluster> clusters;  // by the backend's instance
  bool leaderReportsUnhealthy = false;    // at /debug
  std::string authenticationScheme;       // "one-user", "http-basic"
  std::string leaderUrl;                  // empty: as the client calls us
  std::string version;
  std::int64_t startedMs = 0;
  std::string startedAt;  // ISO-8601
};

// GET /info and GET /debug, which every host answers.
http::Response infoOf(const RestSettings& settings, const http::Request& request);
http::Response versionOf(const RestSettings& settings);

// What routes want of the process in which they are.
struct RestProcess {
  // Ends it after 5 seconds, on behalf of that user.
  std::function<void(const std::string& user, const std::string& reason)> shutdown;
  // Counts a request beyond its limit: "user", "open", "metrics".
  std::function<void(const char* kind)> limited;
};

class Rest {
 public:
  // Both must outlive the router's server. `settings` may change between requests.
  Rest(BatchQueue& queue, const RestSettings& settings, RestProcess process)
      : queue(queue),
        settings(settings),
        process(std::move(process)),
        origins(settings.corsOrigins) {}
  KJ_DISALLOW_COPY(Rest);

  http::Router router();

 private:
  BatchQueue& queue;
  const RestSettings& settings;
  RestProcess process;
  CrossOrigin origins;
  RateLimiter submissions;  // jobs that were accepted
  RequestWindow userRequests, openRequests, metricsRequests;
  // Jobs that are being written down, by pool and user.
  std::map<std::pair<std::string, std::string>, std::int64_t> underWay;

  using Answer = kj::Promise<http::Response>;
  using Method = Answer (Rest::*)(http::Request&, const Caller& caller);
  // Finds out on whose behalf, and turns refusals into responses. With `bareErrors` they are the
  // text alone and no JSON object.
  http::Handler as(Method method, bool bareErrors = false);
  // For everybody.
  http::Handler open(Answer (Rest::*method)(http::Request&));

  // --- submitting.cpp ---
  Answer submit(http::Request& request, const Caller& caller);
  Answer kill(http::Request& request, const Caller& caller);
  void noteKill(std::vector<AuditLine>& audit, const Caller& caller, const Job& job,
                const char* action, const Uuid& target) const;
  void checkRate(const std::string& user);
  void checkPool(const std::string& name) const;
  void checkGroups(const Submission& submission, const Caller& caller) const;
  std::vector<GroupRow> groupsOf(Submission& submission, std::string& answer) const;
  void checkQueueLimit(const std::string& user, const std::string& pool, std::int64_t count) const;
  PoolTerms termsOf(const std::string& pool) const;
  void checkQuota(const Submission& submission, const std::string& user) const;
  // What the jobs have become is looked at as if the client had sent it.
  Answer check(kj::Own<Submission> submission, Examined examined, const Caller& caller);
  void checkByPool(Submission& submission) const;
  Answer askWhetherAccepted(kj::Own<Submission> submission, const Caller& caller);
  // The last part: all that depends on what is there at that moment, in one turn.
  Answer accept(kj::Own<Submission> submission, Examined examined, const Caller& caller);

  // --- reading.cpp ---
  Answer jobs(http::Request& request, const Caller& caller);
  Answer job(http::Request& request, const Caller& caller);
  Answer rawGet(http::Request& request, const Caller& caller);
  Answer instances(http::Request& request, const Caller& caller);
  Answer instance(http::Request& request, const Caller& caller);
  struct Found {
    std::vector<Book::Found> list;
    std::string missing;  // "\nUUID…"
  };
  // What the caller may see of the ids, in their order; throws 403 for what they may not.
  Found find(const Caller& caller, const std::vector<Uuid>& ids, bool instances) const;

  // --- groups.cpp ---
  Answer groups(http::Request& request, const Caller& caller);
  Answer killGroups(http::Request& request, const Caller& caller);
  bool mayTouch(const Caller& caller, Verb verb, Item item, const Uuid& group) const;
  nlohmann::json groupOf(const GroupSpec& group, bool detailed) const;

  // --- listing.cpp ---
  nlohmann::json listing(const http::Request& request, const Caller& caller) const;
  Answer list(http::Request& request, const Caller& caller);
  struct Window;
  std::vector<const Job*> select(const Window& window) const;

  // --- entitling.cpp ---
  Answer getLimit(http::Request& request, const Caller& caller, LimitKind kind);
  Answer setLimit(http::Request& request, const Caller& caller, LimitKind kind);
  Answer removeLimit(http::Request& request, const Caller& caller, LimitKind kind);
  template <LimitKind kind, Answer (Rest::*method)(http::Request&, const Caller&, LimitKind)>
  Answer ofKind(http::Request& request, const Caller& caller) {
    return (this->*method)(request, caller, kind);
  }
  nlohmann::json limitOf(LimitKind kind, const std::string& user, const std::string& pool) const;
  nlohmann::json limitsOf(LimitKind kind, const std::string& user, const std::string& pool) const;

  // --- usage.cpp ---
  Answer usage(http::Request& request, const Caller& caller);
  Answer showQueue(http::Request& request, const Caller& caller);

  // --- explain.cpp ---
  Answer explain(http::Request& request, const Caller& caller);

  // --- retry.cpp ---
  Answer getRetry(http::Request& request, const Caller& caller);
  Answer putRetry(http::Request& request, const Caller& caller);
  Answer postRetry(http::Request& request, const Caller& caller);
  Answer retry(http::Request& request, const Caller& caller, bool deprecated);
  struct Retried {
    std::vector<Job*> jobs;  // each once
    std::set<Job*> seen;
    void add(Job& job) {
      if (seen.insert(&job).second) jobs.push_back(&job);
    }
  };
  Retried retried(const Caller& caller, const RetryChange& change) const;

  // --- stats.cpp ---
  Answer running(http::Request& request, const Caller& caller);
  Answer instanceStats(http::Request& request, const Caller& caller);
  struct Census;
  bool count(Census& census) const;
  kj::Promise<http::Response> goOn(kj::Own<Census> census);

  // --- progress.cpp ---
  Answer takeProgress(http::Request& request);

  // --- unscheduled.cpp ---
  Answer unscheduled(http::Request& request, const Caller& caller);
  nlohmann::json whyUnscheduled(const Job& job, std::size_t& hostsLeft);

  // --- describing.cpp ---
  Answer pools(http::Request& request, const Caller& caller);
  Answer failureReasons(http::Request& request, const Caller& caller);

  // --- clusters.cpp ---
  Answer getClusters(http::Request& request, const Caller& caller);
  Answer createCluster(http::Request& request, const Caller& caller);
  Answer updateCluster(http::Request& request, const Caller& caller);
  Answer deleteCluster(http::Request& request, const Caller& caller);
  void requireClusters(const Caller& caller, Verb verb) const;
  nlohmann::json clusterConfig(const ClusterSetting& setting) const;
  std::string faultInFacts(const nlohmann::json& given, const ClusterSetting& setting) const;

  // --- incremental.cpp ---
  Answer getIncremental(http::Request& request, const Caller& caller);
  Answer setIncremental(http::Request& request, const Caller& caller);
  void requireIncremental(const Caller& caller, Verb verb) const;

  // --- limiting.cpp ---
  kj::Maybe<http::Response> beyondLimit(const http::Request& request);

  // --- leader.cpp ---
  Answer debug(http::Request& request);
  Answer shutdownLeader(http::Request& request, const Caller& caller);

  // --- settings.cpp ---
  Answer showSettings(http::Request& request, const Caller& caller);
  nlohmann::json shownCluster(const Cluster& cluster) const;

  // The pool that the request names by its body, the parameter `pool` or the header x-cook-pool, in
  // this order; empty if it names none. Throws 400 for one that does not exist.
  // `virtualToo`: or only for clients; see VirtualPool.
  std::string poolOf(const http::Request& request, const std::string& inBody = "",
                     bool virtualToo = false) const;
  // How texts call a pool: the one of a queue without pools has a name there too.
  static std::string shown(const std::string& pool) { return pool.empty() ? "no-pool" : pool; }
  AuditLine auditLine(const Caller& caller, const char* action, std::string target,
                      std::string reason) const;
  std::string typeOf(const std::string& cluster) const;
  RenderOptions renderOptions(RenderOptions::Form form) const;
  std::vector<Uuid> uuids(const std::vector<std::string_view>& texts) const;
};

}  // namespace maitred::cook
