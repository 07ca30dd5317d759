// Any bytes as the body of POST /share, /quota, /progress, /compute-clusters, /incremental-config
// and /shutdown-leader and of PUT /retry: they are taken, or refused with a text; what is taken
// makes sense. The first byte says which.

#include <rest/admin-bodies.h>
#include <rest/bodies.h>

#include <maitred/http/error.h>
#include <maitred/http/json.h>

#include <cmath>
#include <cstdlib>

namespace {

using namespace maitred::cook;

constexpr std::size_t IDS_MOST = 100;

void require(bool holds) {
  if (!holds) std::abort();
}

void limit(const nlohmann::json& body, LimitKind kind) {
  LimitChange change = readLimitChange(body, kind);
  require(!change.user.empty());
  for (const auto& amount :
       {change.mem, change.cpus, change.gpus, change.launchRateSaved, change.launchRatePerMinute}) {
    require(!amount || (std::isfinite(*amount) && *amount >= 0));
    require(!amount || kind == LimitKind::quota || *amount > 0);
  }
  require(!change.count || (*change.count >= 0 && *change.count <= 2147483647));
}

void retry(const nlohmann::json& body, bool deprecated) {
  RetryChange change = readRetryChange(body, {}, deprecated, IDS_MOST);
  require(!change.jobs.empty() || !change.groups.empty());
  require(change.retries.has_value() != change.increment.has_value());
  require(change.retries.value_or(1) > 0 && change.increment.value_or(1) > 0);
  require(change.jobs.size() <= IDS_MOST + 1 && change.groups.size() <= IDS_MOST);
}

void progress(const nlohmann::json& body) {
  ProgressReport report = readProgress(body);
  require(report.percent || report.message);
}

void cluster(const nlohmann::json& body) {
  ClusterChange change = readClusterChange(body);
  require(!change.name.empty());
  require(body["state"] == name(change.state));
  require(change.locked.has_value() == body.contains("state-locked?"));
  for (const auto& fact : change.facts.items()) require(body[fact.key()] == fact.value());
}

void incremental(const nlohmann::json& body) {
  for (const IncrementalRow& row : readIncremental(body)) {
    require(!row.key.empty());
    double sum = 0;
    for (const IncrementalValue& one : row.values) {
      require(one.portion >= 0 && one.portion <= 1);
      sum += one.portion;
    }
    require(sum < 1.001);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  try {
    auto body = maitred::http::parseJson({reinterpret_cast<const char*>(data + 1), size - 1});
    switch (data[0]) {
      case 's':
        limit(body, LimitKind::share);
        break;
      case 'q':
        limit(body, LimitKind::quota);
        break;
      case 'g':
        progress(body);
        break;
      case 'c':
        cluster(body);
        break;
      case 'd':
        readClusterName(body);
        break;
      case 'i':
        incremental(body);
        break;
      case 'x':
        readShutdown(body);
        break;
      default:
        retry(body, data[0] == 'p');
    }
  } catch (const SchemaError& error) {
    require(*error.what() != '\0');
  } catch (const Refused& refused) {
    require(*refused.what() != '\0');
  } catch (const maitred::http::HttpError&) {
  } catch (const kj::Exception&) {  // an HttpError that KJ has wrapped
  }
  return 0;
}
