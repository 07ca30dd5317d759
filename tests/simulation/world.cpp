#include "life.h"
#include "picture.h"

#include <stdlib.h>

#include <filesystem>

namespace maitred::simulation {
namespace {

constexpr std::size_t LINES = 60;
constexpr std::uint64_t MIB = 1024 * 1024;

// The racks are the same in both clusters, as where both are in one building.
sim::Settings clusterSettings(std::mt19937_64& random, const std::string& name) {
  sim::Settings settings;
  settings.seed = random();
  for (const char* pool : {"main", "main", name == "east" ? "side" : "night"}) {
    sim::NodeFacts node;
    std::size_t number = settings.nodes.size();
    node.id = name + "-" + std::to_string(number);
    node.hostname = "host-" + node.id;
    node.pool = pool;
    node.capacity = {4000, 4096 * MIB, 0, {}, {}};
    node.attributes = {{"rack", {"rack-" + std::to_string(number % 2)}}};
    settings.nodes.push_back(node);
  }
  settings.runTime = {10, 4000};
  settings.startTime = {0, 200};
  settings.repeatMs = 500;
  settings.faults = {0.1, 0.1, 0.15, 0.15, 0.3, {0, 400}};
  return settings;
}

}  // namespace

World::World(std::uint64_t seed)
    : random(seed),
      clock(loop.timer()),
      queueClock(loop.timer()),
      disk(seed ^ 0x5eed),
      records(seed % 2 == 0),
      pace(std::array{Pace::brisk, Pace::slow, Pace::endless}[seed / 2 % 3]) {
  freeFailures = static_cast<int>(random() % 4) - 1;
  preemptionIsFree = random() % 2 == 0;
  if (const char* path = getenv("MAITRED_TEST_STORY")) story.open(path);
  for (const char* name : {"east", "west"}) {
    auto settings = clusterSettings(random, name);
    sites.push_back(
        std::make_unique<Site>(name, loop.timer(), clock, random(), std::move(settings)));
    Site& site = *sites.back();
    for (const auto& node : site.nodes) {
      ledger.capacity(site.name, node.id,
                      {static_cast<std::int64_t>(node.capacity.cpuMillis),
                       static_cast<std::int64_t>(node.capacity.memoryBytes), 0});
      placements.node({site.name, node.id}, {{"HOSTNAME", node.hostname},
                                             {"rack", node.attributes.front().values.front()}});
    }
    site.cluster.setWitness([this, &site](std::int64_t, const backend::TaskKey& key,
                                          const backend::Status& truth, bool recorded) {
      note(site.name + " " + key.taskId.substr(0, 8) + " " + backend::nameOf(truth.state).cStr() +
           (recorded ? " recorded" : ""));
      ledger.truth(site.name, key, truth, recorded);
    });
    site.wire.setDelay(random() % 2 == 0 ? 0 : 30);
    site.start();
  }
  mend();
}

World::~World() noexcept(false) {
  disk.stop();
  life = nullptr;
}

void World::note(const std::string& line, bool hashed) {
  std::string text =
      std::to_string((loop.timer().now() - kj::origin<kj::TimePoint>()) / kj::MICROSECONDS) + " " +
      line;
  if (hashed) {
    for (unsigned char c : text) trace = (trace ^ c) * 1099511628211ull;
  }
  if (story.is_open()) story << text << "\n" << std::flush;
  lines.push_back(std::move(text));
  if (lines.size() > LINES) lines.pop_front();
}

Counts World::counts() const {
  Counts all = counted;
  all.jobs = ledger.acceptedJobs().size();
  all.diskFailures = disk.failures();
  all.ratesExhausted = limits.exhausted();
  all.placements = placements.placements();
  all.preemptions = preemptions.preemptions();
  all.keptNodes = preemptions.keptNodes();
  return all;
}

std::string World::lately() const {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

void World::paint() {
  if (!story.is_open() || life == nullptr) return;
  for (const std::string& line : pictureOf(*life->queue)) story << line << "\n";
}

void World::boot() {
  disk.setFaults({});
  auto fresh = std::make_unique<Life>(*this);
  store::Options options{.url = "sqlite:cook.db", .directory = folder.path()};
  options.vfs = disk.vfs();
  options.pace = [this] {
    return loop.timer().afterDelay((100 + random() % 5000) * kj::MICROSECONDS);
  };
  fresh->records = loop.wait(cook::Records::open(std::move(options)));
  cook::StoreContents contents;
  contents.counters = loop.wait(fresh->records->loadCounters());
  contents.jobs = loop.wait(fresh->records->load());
  contents.administration = loop.wait(fresh->records->loadAdministration());
  std::vector<std::uint64_t> seed{random(), random(), random(), random()};
  cook::QueueWorld surroundings{loop.timer(),   queueClock, fresh->log,
                                fresh->metrics, "cook",     {seed[0], seed[1], seed[2], seed[3]}};
  fresh->queue = kj::heap<cook::BatchQueue>(std::move(surroundings), *fresh->records,
                                            fresh->policies, settings(), std::move(contents));
  life = std::move(fresh);
  if (records) life->queue->record(cases.sink(), 200'000);
  limits.begin(*life->queue);
  preemptions.begin(*life->queue);
  note("the queue starts with " + std::to_string(life->queue->book().size()) + " jobs");
  ledger.checkRestart(life->queue->book());
  ledger.checkQuotas(life->queue->entitlements());
  for (Order& order : orders) order.underWay = false;
  std::vector<std::pair<std::string, backend::Backend::Client>> backends;
  // Somebody may have taken a backend out of the configuration.
  const Site* without = !isCalm && chance(100) ? sites[random() % sites.size()].get() : nullptr;
  counted.ungranted += without != nullptr;
  for (auto& site : sites) {
    if (site->up() && !site->wire.connected()) site->reconnect();
    if (site.get() != without) backends.emplace_back(site->name, site->wire.client());
  }
  granted = backends.size();
  life->queue->activate(++fence, kj::mv(backends));
}

void World::crash(bool powerCut) {
  note(powerCut ? "power cut" : "the queue is killed");
  ++(powerCut ? counted.powerCuts : counted.crashes);
  disk.stop();
  life = nullptr;
  for (auto& site : sites) site->wire.cut();
  disk.restart(powerCut);
}

cook::NodeTable& World::nodes() {
  return static_cast<cook::ClusterOwner&>(*life->queue).nodes();
}

void World::advance(std::int64_t ms) {
  if (life != nullptr) {
    limits.before(*life->queue);
    preemptions.before(*life->queue);
    placements.before(life->queue->book(), nodes());
  }
  loop.advance(ms * kj::MILLISECONDS);
}

void World::check() {
  if (life == nullptr) return;
  limits.after(*life->queue);
  preemptions.after(*life->queue);
  placements.after(life->queue->book(), nodes());
  ledger.checkQuotas(life->queue->entitlements());
  auto& queue = *life->queue;
  ledger.check(queue.book(), queue.journal().durableSequence(), queue.settings().meaCulpa);
  note("at " + std::to_string(queue.book().sequence()) + ", durable " +
       std::to_string(queue.journal().durableSequence()));
}

void World::step() {
  actAsUsers();
  disturbSites();
  disturbQueue();
  std::uint64_t drawn = random(), most = chance(50) ? 5000 : 300;
  advance(1 + static_cast<std::int64_t>(drawn % most));
  check();
}

void World::rest() {
  constexpr int QUIET = 60, MOST = 1200;  // half seconds; some rounds, and many
  if (pace != Pace::endless) return;
  preemptions.begin(*life->queue);
  int quiet = 0;
  for (int i = 0; quiet < QUIET; ++i) {
    if (i == MOST) throw Violation("the rebalancer does not come to rest");
    bool all = sendAll();
    std::uint64_t before = preemptions.preemptions();
    advance(500);
    check();
    quiet = all && preemptions.preemptions() == before ? quiet + 1 : 0;
  }
  preemptions.checkRest(*life->queue);
  ++counted.restsReached;
  killAll();
}

void World::drain() {
  auto done = [&] {
    auto& book = life->queue->book();
    std::size_t left = 0;
    for (auto& site : sites) left += site->cluster.tasks();
    for (const Order& order : orders) left += !order.settled;
    return left == 0 && book.count(cook::JobState::completed) == book.size();
  };
  for (int i = 0; i < 600 && !done(); ++i) {
    sendAll();
    advance(1000);
    check();
  }
  advance(1000);
  ledger.checkEnd(life->queue->book());
  if (!done()) throw Violation("a cluster still has tasks");
  for (const auto& [key, node] : nodes().all()) {
    if (node->free().cpuMillis != node->facts.capacity.cpuMillis) {
      throw Violation("room is missing on " + key.nodeId + " although nothing runs there");
    }
  }
  std::map<Uuid, std::string> state;
  life->queue->book().each([&](const Job& job) { state[job.spec.id] = Ledger::describe(job); });
  for (const auto& [id, text] : state) note(text);
}

}  // namespace maitred::simulation
