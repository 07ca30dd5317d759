// Runs a trace of jobs through the queue's core and a policy on a simulated clock, and tells at
// every sample what each user ran beside what they were entitled to. See fairness.py, which makes
// traces and draws the results.
//
//   fairness-sim --nodes 20 --cpus 16 --mem 65536 [--fairness FILE] [--preemption FILE]
//                [--rebalance SECONDS] [--sample SECONDS] < TRACE > RESULT
//
// TRACE: lines `submit_s,user,cpus,mem_mib,run_s,priority`, by time. RESULT: lines `time_s,user,
// running,entitled`, both as parts of the cluster, for users of whom something runs or waits; at
// the end `#` and what happened in all.
#include <core/cycle.h>
#include <core/rebalancer.h>
#include <queue/policies.h>

#include <kj/async-io.h>
#include <kj/debug.h>

#include <cmath>
#include <cstdio>
#include <iostream>
#include <map>
#include <queue>
#include <sstream>

namespace maitred::cook {
namespace {

constexpr const char* POOL = "p";
constexpr std::int64_t MIB = 1024 * 1024;
// Fewer than the queue's 1000: a trace of months takes seconds then, and no more than this find
// room at one moment.
constexpr std::size_t CONSIDERED_MOST = 100;

struct Flags {
  std::map<std::string, std::string> given;

  Flags(int argc, char** argv) {
    for (int i = 1; i + 1 < argc; i += 2) given[argv[i]] = argv[i + 1];
  }
  std::string text(const std::string& key) const {
    auto found = given.find("--" + key);
    return found == given.end() ? std::string() : found->second;
  }
  double number(const std::string& key, double otherwise) const {
    std::string value = text(key);
    return value.empty() ? otherwise : std::stod(value);
  }
};

struct Arrival {
  std::int64_t atMs;
  std::string user;
  double cpus, mem;
  std::int64_t runMs, priority;
};

std::vector<Arrival> arrivalsFrom(std::istream& in) {
  std::vector<Arrival> list;
  for (std::string line; std::getline(in, line);) {
    std::istringstream cells(line);
    std::string at, user, cpus, mem, run, priority;
    std::getline(cells, at, ',');
    std::getline(cells, user, ',');
    std::getline(cells, cpus, ',');
    std::getline(cells, mem, ',');
    std::getline(cells, run, ',');
    std::getline(cells, priority, ',');
    list.push_back({std::llround(std::stod(at) * 1000), user, std::stod(cpus), std::stod(mem),
                    std::llround(std::stod(run) * 1000), std::stoll(priority)});
  }
  return list;
}

// What each user is entitled to of a whole of 1, all of the same rank: as much as they want, and
// what some leave is for the others.
std::map<std::string, double> entitled(const std::map<std::string, double>& wanted) {
  std::vector<std::pair<double, std::string>> order;
  for (const auto& [user, part] : wanted) order.emplace_back(part, user);
  std::sort(order.begin(), order.end());
  std::map<std::string, double> parts;
  double left = 1;
  for (std::size_t i = 0; i < order.size(); ++i) {
    double part = std::min(order[i].first, left / (order.size() - i));
    parts[order[i].second] = part;
    left -= part;
  }
  return parts;
}

class Trial {
 public:
  Trial(const Flags& flags, Policies& policies)
      : policies(policies),
        cpus(flags.number("nodes", 1) * flags.number("cpus", 128)),
        mem(flags.number("nodes", 1) * flags.number("mem", 1e6)),
        rebalanceMs(std::llround(flags.number("rebalance", 0) * 1000)),
        sampleMs(std::llround(flags.number("sample", 60) * 1000)) {
    Pool pool;
    pool.name = POOL;
    book.setPools(Pools({pool}, POOL));
    for (int i = 0; i < flags.number("nodes", 1); ++i) addNode(i, flags);
  }

  void run(const std::vector<Arrival>& arrivals);

 private:
  Policies& policies;
  double cpus, mem;
  std::int64_t rebalanceMs, sampleMs, now = 0;
  Book book;
  NodeTable nodes;
  std::uint64_t ids = 0, preempted = 0, finished = 0;
  double lostCpuSeconds = 0, doneCpuSeconds = 0;
  using End = std::pair<std::int64_t, Uuid>;
  std::priority_queue<End, std::vector<End>, std::greater<>> ends;
  std::map<Uuid, std::int64_t> runMs;      // by job
  std::map<std::string, std::size_t> users;  // how many jobs are not over
  std::map<std::string, std::size_t> counts;

  void addNode(int number, const Flags& flags) {
    NodeFacts facts;
    facts.key = {"c", "n" + std::to_string(1000 + number)};
    facts.hostname = facts.key.nodeId;
    facts.pool = POOL;
    facts.capacity = {std::llround(flags.number("cpus", 128) * 1000),
                      std::llround(flags.number("mem", 1e6)) * MIB, Amount::ANY_PORTS, 0};
    nodes.put(facts, {facts.capacity, 0, 1, {}});
  }
  void setShares() {
    // All are of the same rank: each has an equal part, however many there are.
    ShareEntry share;
    share.cpus = cpus / std::max<std::size_t>(1, users.size());
    share.mem = mem / std::max<std::size_t>(1, users.size());
    book.shares(POOL).set("default", share);
  }
  void submit(const Arrival& arrival);
  void end(const Uuid& task, InstanceStatus status, int reason);
  void cycle();
  void rebalanceNow();
  void sample();
  double partOf(const Usage& usage) const {
    return std::max(usage.cpus / cpus, usage.mem / mem);
  }
};

void Trial::submit(const Arrival& arrival) {
  Job job;
  job.spec.id = {1, ++ids};
  job.spec.user = arrival.user;
  job.spec.pool = POOL;
  job.spec.cpus = arrival.cpus;
  job.spec.mem = arrival.mem;
  job.spec.maxRetries = 1'000'000;
  job.spec.priority = arrival.priority;
  job.order = book.nextOrder();
  job.sequence = book.nextSequence();
  job.submittedMs = job.waitingSinceMs = now;
  runMs[job.spec.id] = std::max<std::int64_t>(1000, arrival.runMs);
  if (++users[arrival.user] == 1) setShares();
  book.add(std::move(job));
}

void Trial::end(const Uuid& task, InstanceStatus status, int reason) {
  auto found = book.findTask(task);
  if (!found) return;
  nodes.letGo({found.instance->cluster, found.instance->nodeId}, task);
  double seconds = (now - found.instance->startMs) / 1000.0 * found.job->spec.cpus;
  Report report;
  report.status = status;
  report.reason = reason;
  report.atMs = now;
  std::string user = found.job->spec.user;
  Job* job = found.job;
  book.report(task, report, now);
  (status == InstanceStatus::success ? doneCpuSeconds : lostCpuSeconds) += seconds;
  if (job->state != JobState::completed) return;
  ++finished;
  runMs.erase(job->spec.id);
  if (--users[user] == 0) {
    users.erase(user);
    setShares();
  }
  book.takeChanges(SIZE_MAX);
  book.forget(*job);
}

void Trial::cycle() {
  policies.begin({&book, &nodes, POOL, PolicyClock::at(now)});
  CycleOptions options{.queue = {.pool = POOL}};
  options.steadyMs = now;
  options.considerableMost = CONSIDERED_MOST;
  for (bool more = true; more;) {
    CycleResult result = runCycle(book, nodes, policies.scorer(DruMode::standard), nullptr, options,
                                  now, [this] { return Uuid{2, ++ids}; });
    KJ_REQUIRE(!result.policyFailed, "the policy failed");
    for (const auto& one : result.started) {
      Report report;
      report.status = InstanceStatus::running;
      report.atMs = now;
      book.report(one.taskId, report, now);
      ends.emplace(now + runMs.at(one.job->spec.id), one.taskId);
    }
    more = result.more && !result.started.empty();
  }
}

void Trial::rebalanceNow() {
  policies.begin({&book, &nodes, POOL, PolicyClock::at(now)});
  RebalanceOptions options{{.pool = POOL}, 500, 0.05, 1.0, {}};
  RebalanceResult result = rebalance(book, nodes, policies.scorer(DruMode::standard),
                                     policies.preemption(), options, now);
  KJ_REQUIRE(!result.policyFailed, "the policy failed");
  nodes.reservations().replace(POOL, reservationsFor(result.decisions));
  for (const Decision& one : result.decisions) {
    for (const Victim& victim : one.victims) {
      if (!book.fail(victim.taskId, Reason::PREEMPTED, Book::Stop::preemption, now)) continue;
      ++preempted;
      end(victim.taskId, InstanceStatus::failed, Reason::PREEMPTED);
    }
  }
  cycle();
}

void Trial::sample() {
  std::map<std::string, double> running, wanted;
  for (const auto& [user, held] : book.ranking(POOL).users()) {
    if (held.tasks.empty()) continue;
    Usage usage = held.tasks.running(), all = usage;
    all += held.tasks.waiting();
    running[user] = partOf(usage);
    wanted[user] = std::min(1.0, partOf(all));
  }
  for (const auto& [user, part] : entitled(wanted)) {
    std::printf("%lld,%s,%.5f,%.5f\n", static_cast<long long>(now / 1000), user.c_str(),
                running[user], part);
  }
}

void Trial::run(const std::vector<Arrival>& arrivals) {
  std::int64_t nextSample = sampleMs, nextRebalance = rebalanceMs;
  std::size_t next = 0;
  std::int64_t last = arrivals.empty() ? 0 : arrivals.back().atMs;
  while (next < arrivals.size() || (!ends.empty() && now <= last)) {
    std::int64_t at = nextSample;
    if (next < arrivals.size()) at = std::min(at, arrivals[next].atMs);
    if (!ends.empty()) at = std::min(at, ends.top().first);
    if (rebalanceMs != 0) at = std::min(at, nextRebalance);
    now = at;
    for (; !ends.empty() && ends.top().first <= now; ends.pop()) {
      auto found = book.findTask(ends.top().second);
      if (found && !found.instance->over()) end(ends.top().second, InstanceStatus::success, 0);
    }
    for (; next < arrivals.size() && arrivals[next].atMs <= now; ++next) submit(arrivals[next]);
    cycle();
    if (rebalanceMs != 0 && now >= nextRebalance) {
      rebalanceNow();
      nextRebalance = now + rebalanceMs;
    }
    if (now >= nextSample) {
      sample();
      nextSample = now + sampleMs;
    }
  }
  std::printf("# finished=%llu preempted=%llu lost_cpu_s=%.0f done_cpu_s=%.0f\n",
              static_cast<unsigned long long>(finished),
              static_cast<unsigned long long>(preempted), lostCpuSeconds, doneCpuSeconds);
}

int run(int argc, char** argv) {
  auto io = kj::setupAsyncIo();
  Flags flags(argc, argv);
  Policies policies({{}, ""}, [](const std::string& text) { std::cerr << text << "\n"; });
  std::string problem =
      policies.load({flags.text("fairness"), "", flags.text("preemption")}).wait(io.waitScope);
  if (!problem.empty()) {
    std::cerr << problem << "\n";
    return 1;
  }
  Trial(flags, policies).run(arrivalsFrom(std::cin));
  return 0;
}

}  // namespace
}  // namespace maitred::cook

int main(int argc, char** argv) {
  return maitred::cook::run(argc, argv);
}
