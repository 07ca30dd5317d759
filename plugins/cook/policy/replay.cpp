#include "replay.h"

#include <algorithm>

namespace maitred::cook {
namespace {

// Remembers what the scorer said of each job.
class RecordingScorer final : public Scorer {
 public:
  explicit RecordingScorer(Scorer& inner) : inner(inner) {}
  bool score(std::span<const ScoreInput> inputs, std::span<double> scores) override {
    if (!inner.score(inputs, scores)) return false;
    for (std::size_t i = 0; i < inputs.size(); ++i) known[inputs[i].job->id] = scores[i];
    return true;
  }
  std::map<Uuid, double> known;

 private:
  Scorer& inner;
};

// The same for nodes; bin packing where there is no policy.
class RecordingFitness final : public Fitness {
 public:
  explicit RecordingFitness(Fitness* inner) : inner(inner) {}
  void begin() override {
    if (inner != nullptr) inner->begin();
  }
  std::optional<double> of(const FitnessInput& input) override {
    auto value = inner == nullptr ? binPacking(input) : inner->of(input);
    if (value) known[input.node] = *value;
    failed = failed || !value;
    return value;
  }
  void placed(const JobSpec& job, const Node& node) override {
    chosen[job.id] = known[&node];
    if (inner != nullptr) inner->placed(job, node);
  }
  std::map<Uuid, double> chosen;
  bool failed = false;

 private:
  Fitness* inner;
  std::map<const Node*, double> known;  // of the job that is being placed
};

}  // namespace

Replay::Replay(const Snapshot& snapshot, bool reseat) : snapshot(snapshot) {
  addPool();
  addUsers();
  addNodes(reseat);
  addWaiting();
  addRunning(reseat);
}

QueueOptions Replay::options() const {
  return {.pool = snapshot.pool, .overQuotaMost = snapshot.overQuotaMost};
}

PolicyRound Replay::round() {
  return {&book, &nodes, snapshot.pool, snapshot.clock};
}

void Replay::addPool() {
  if (snapshot.pool.empty()) return;  // the one without a name is there
  Pool pool;
  pool.name = snapshot.pool;
  pool.druMode = snapshot.gpuMode ? DruMode::gpu : DruMode::standard;
  pool.quota = snapshot.poolQuota;
  book.setPools(Pools({pool}, snapshot.pool));
}

void Replay::addUsers() {
  for (const auto& user : snapshot.users) {
    book.shares(snapshot.pool).set(user.name, {user.share.mem, user.share.cpus, user.share.gpus});
    QuotaEntry quota;
    quota.mem = user.quota.mem;
    quota.cpus = user.quota.cpus;
    quota.gpus = user.quota.gpus;
    quota.count = user.quota.count;
    book.quotas(snapshot.pool).set(user.name, quota);
  }
  std::vector<const Snapshot::User*> byTurn;
  for (const auto& user : snapshot.users) {
    if (user.served != 0) byTurn.push_back(&user);
  }
  std::sort(byTurn.begin(), byTurn.end(),
            [](const auto* a, const auto* b) { return a->served < b->served; });
  for (const auto* user : byTurn) book.rankingOf(snapshot.pool).served(user->name);
}

// Constraints were settled by the queue that took the snapshot: a node of these names the jobs that
// it may take, in an attribute without a name.
JobSpec Replay::specOf(const Snapshot::WaitingJob& job) const {
  JobSpec spec;
  spec.id = job.id;
  spec.user = job.user;
  spec.pool = snapshot.pool;
  spec.name = job.name;
  spec.cpus = job.cpus;
  spec.mem = job.mem;
  spec.gpus = job.gpus;
  spec.ports = job.ports;
  spec.priority = job.priority;
  if (job.runtimeMs) spec.maxRuntimeMs = static_cast<std::int64_t>(*job.runtimeMs);
  spec.labels = job.labels;
  if (job.constrained) spec.constraints.push_back({"", job.id.text()});
  return spec;
}

void Replay::addNodes(bool reseat) {
  std::vector<std::vector<std::string>> mayTake(snapshot.nodes.size());
  std::vector<Amount> freed(snapshot.nodes.size());
  auto note = [&](const Snapshot::WaitingJob& job) {
    for (int node : job.nodes) {
      if (node >= 0 && node < static_cast<int>(mayTake.size()))
        mayTake[static_cast<std::size_t>(node)].push_back(job.id.text());
    }
  };
  for (const auto& job : snapshot.jobs) note(job);
  for (const auto& seat : snapshot.seats) {
    note(seat.job);
    bool known = seat.node >= 0 && seat.node < static_cast<int>(freed.size());
    if (reseat && known) freed[static_cast<std::size_t>(seat.node)] += Amount::of(specOf(seat.job));
  }
  for (std::size_t i = 0; i < snapshot.nodes.size(); ++i) {
    const auto& state = snapshot.nodes[i];
    NodeFacts facts;
    facts.key = {state.cluster, state.id};
    facts.hostname = state.name;
    facts.capacity = state.capacity;
    facts.ready = state.ready;
    facts.pool = snapshot.pool;
    for (const auto& [name, value] : state.attributes) facts.attributes.push_back({name, {value}});
    facts.attributes.emplace_back("", mayTake[i]);
    RoomFacts room;
    room.available = state.free;
    room.available += freed[i];
    room.generation = 1;
    places[facts.key] = static_cast<int>(i);
    nodes.put(std::move(facts), room);
  }
}

void Replay::addWaiting() {
  for (const auto& one : snapshot.jobs) {
    Job job;
    job.spec = specOf(one);
    job.submittedMs = job.waitingSinceMs = one.submittedMs;
    job.order = job.sequence = book.nextOrder();
    if (book.add(std::move(job)) == nullptr) continue;
    jobs[one.id] = &one;
    ++listed[one.user];
  }
}

void Replay::addRunning(bool reseat) {
  for (Snapshot::Running entry : snapshot.running) {
    for (const auto& seat : snapshot.seats) {
      bool taken = reseat && entry.held.count > 0 && seat.job.user == entry.user &&
                   seat.job.priority == entry.priority && seat.node == entry.node;
      if (!taken) continue;
      entry.held.mem -= seat.job.mem;
      entry.held.cpus -= seat.job.cpus;
      entry.held.gpus -= seat.job.gpus;
      --entry.held.count;
    }
    double count = static_cast<double>(entry.held.count);
    for (std::int64_t i = 0; i < entry.held.count; ++i) {
      Job job;
      job.spec.id = newId();
      job.spec.user = entry.user;
      job.spec.pool = snapshot.pool;
      job.spec.priority = entry.priority;
      job.spec.mem = entry.held.mem / count;
      job.spec.cpus = entry.held.cpus / count;
      job.spec.gpus = entry.held.gpus / count;
      job.state = JobState::running;
      job.order = job.sequence = book.nextOrder();
      Instance instance;
      instance.taskId = newId();
      instance.status = InstanceStatus::running;
      instance.startMs = 1;
      if (entry.node >= 0 && entry.node < static_cast<int>(snapshot.nodes.size())) {
        const auto& node = snapshot.nodes[static_cast<std::size_t>(entry.node)];
        instance.cluster = node.cluster;
        instance.nodeId = node.id;
      }
      job.instances.push_back(std::move(instance));
      book.add(std::move(job));
    }
  }
}

PolicyOrder Replay::order(Scorer& scorer, std::size_t most) {
  std::map<std::string, std::size_t> waiting;
  for (const auto& user : snapshot.users) waiting[user.name] = user.waiting;
  PolicyOrder out;
  RecordingScorer recording(scorer);
  QueueOptions queueOptions = options();
  PendingQueue queue(book, queueOptions, recording);
  std::map<std::string, std::size_t> seen;
  bool ended = false;
  while (out.jobs.size() < most) {
    Job* job = queue.next();
    ended = job == nullptr;
    if (ended) break;
    const std::string& user = job->spec.user.str();
    out.jobs.push_back({jobs.at(job->spec.id), recording.known[job->spec.id]});
    // Behind the last one that is listed of a user, others may come first that are not.
    if (++seen[user] == listed[user] && listed[user] < waiting[user]) return out;
  }
  out.failed = queue.failed();
  out.complete = ended || out.jobs.size() == snapshot.jobsWaiting;
  return out;
}

PolicyChoices Replay::place(Scorer& scorer, Fitness* fitness) {
  PolicyChoices out;
  RecordingFitness recording(fitness);
  CycleOptions cycle{options(), snapshot.considerable, snapshot.goodEnough};
  CycleResult result = runCycle(book, nodes, scorer, &recording, cycle, snapshot.takenMs,
                                [this] { return newId(); });
  for (const auto& started : result.started) {
    out.jobs.push_back({jobs.at(started.job->spec.id), places.at(started.node),
                        recording.chosen[started.job->spec.id]});
  }
  out.failed = recording.failed || result.policyFailed;
  return out;
}

PolicyChoices Replay::placeAgain(Fitness* fitness) {
  PolicyChoices out;
  RecordingFitness recording(fitness);
  recording.begin();
  for (const auto& seat : snapshot.seats) {
    // Each was decided on its own, with room that came free in between: so is each now.
    MatchOptions matching{snapshot.pool, snapshot.takenMs, 0, snapshot.goodEnough};
    Matcher matcher(book, nodes, &recording, matching);
    Job job;
    job.spec = specOf(seat.job);
    const JobSpec& spec = job.spec;
    Node* node = matcher.find(job);
    if (node == nullptr) {
      out.jobs.push_back({&seat.job, -1, 0});
      continue;
    }
    nodes.hold(node->facts.key, newId(), Amount::of(spec), true);
    recording.placed(spec, *node);
    out.jobs.push_back({&seat.job, placeOf(*node), recording.chosen[spec.id]});
  }
  out.failed = recording.failed;
  return out;
}

}  // namespace maitred::cook
