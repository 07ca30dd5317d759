#pragma once
// Investigations: jobs whose owners want to know why they wait. Each one's next failed match is
// explained host by host, which costs as much as there are hosts; for the others that is not done.

#include "obstacles.h"
#include "uuid.h"

#include <algorithm>
#include <map>
#include <optional>
#include <vector>

namespace maitred::cook {

class Investigations {
 public:
  // So many at once, answered ones included. More are taken when there is one that is answered,
  // which is forgotten then: asking cannot fill the memory.
  static constexpr std::size_t MOST = 1000;

  // The next failed match is to be explained. What was found before stays until then.
  void begin(const Uuid& job) {
    if (cases.size() >= MOST && !cases.contains(job)) {
      auto answered = std::find_if(cases.begin(), cases.end(),
                                   [](const auto& one) { return !one.second.open; });
      if (answered == cases.end()) return;
      cases.erase(answered);
    }
    cases[job].open = true;
  }
  bool none() const { return cases.empty(); }
  // Those that are not explained yet.
  std::vector<Uuid> open() const {
    std::vector<Uuid> jobs;
    for (const auto& [job, one] : cases) {
      if (one.open) jobs.push_back(job);
    }
    return jobs;
  }
  void found(const Uuid& job, const RefusalSummary& summary) { cases[job] = {false, summary}; }
  // Null: nothing was found (yet).
  const RefusalSummary* summary(const Uuid& job) const {
    auto at = cases.find(job);
    return at == cases.end() || !at->second.summary ? nullptr : &*at->second.summary;
  }
  void forget(const Uuid& job) { cases.erase(job); }

 private:
  struct Case {
    bool open = false;
    std::optional<RefusalSummary> summary;
  };
  std::map<Uuid, Case> cases;
};

}  // namespace maitred::cook
