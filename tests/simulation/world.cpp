#include "world.h"

#include <stdlib.h>

#include <filesystem>

namespace maitred::simulation {
namespace {

constexpr std::size_t ORDERS = 25;
constexpr std::size_t LINES = 60;
constexpr std::uint64_t MIB = 1024 * 1024;

sim::Settings clusterSettings(std::mt19937_64& random, const std::string& name) {
  sim::Settings settings;
  settings.seed = random();
  for (int i = 0; i < 3; ++i) {
    sim::NodeFacts node;
    node.id = name + "-" + std::to_string(i);
    node.hostname = "host-" + node.id;
    node.pool = "default";
    node.capacity = {4000, 4096 * MIB, 0, {}, {}};
    settings.nodes.push_back(node);
  }
  settings.runTime = {10, 4000};
  settings.startTime = {0, 200};
  settings.repeatMs = 500;
  settings.faults = {0.1, 0.1, 0.15, 0.15, 0.3, {0, 400}};
  return settings;
}

}  // namespace

// What dies with the queue's process.
struct World::Life final : private kj::TaskSet::ErrorHandler {
  explicit Life(World& world)
      : world(world),
        log([this](log::Level, kj::StringPtr text) { this->world.note(text.cStr(), false); },
            log::Level::info),
        policies({}, [](const std::string&) {}),
        waiting(*this) {}

  void taskFailed(kj::Exception&& exception) override {
    throw Violation(exception.getDescription().cStr());
  }

  World& world;
  log::Logger log;
  metrics::Registry metrics;
  cook::Policies policies;
  kj::Own<cook::Records> records;
  kj::Own<cook::BatchQueue> queue;
  kj::TaskSet waiting;  // answers
};

World::World(std::uint64_t seed)
    : random(seed), clock(loop.timer()), queueClock(loop.timer()), disk(seed ^ 0x5eed) {
  freeFailures = static_cast<int>(random() % 4) - 1;
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

std::string World::lately() const {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

cook::QueueSettings World::settings() {
  cook::QueueSettings settings;
  for (const char* user : {"ana", "bea"}) {
    cook::ShareRow share;
    share.key.user = user;
    share.cpus = 1 + static_cast<double>(random() % 20);
    settings.shares.push_back(share);
  }
  // Each of them has room for any job, or some would wait for ever.
  for (const char* user : {"ana", "cid", "default"}) {
    if (random() % 2 == 0) continue;
    cook::QuotaRow quota;
    quota.key.user = user;
    quota.count = 1 + static_cast<std::int64_t>(random() % 6);
    if (random() % 2 == 0) quota.cpus = 3 + static_cast<double>(random() % 40) / 10;
    if (random() % 2 == 0) quota.mem = 3000 + static_cast<double>(random() % 4000);
    settings.quotas.push_back(quota);
  }
  settings.unreachableMs = 15'000;
  settings.meaCulpa.global = freeFailures;
  settings.considerable = 1 + random() % 20;
  return settings;
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
  fresh->queue = kj::heap<cook::BatchQueue>(surroundings, *fresh->records, fresh->policies,
                                            settings(), std::move(contents));
  life = std::move(fresh);
  held.clear();
  for (const char* user : {"ana", "bea", "cid", "dan"}) {
    held[user] = life->queue->book().usage("", user);
  }
  note("the queue starts with " + std::to_string(life->queue->book().size()) + " jobs");
  ledger.checkRestart(life->queue->book());
  for (Order& order : orders) order.underWay = false;
  std::vector<std::pair<std::string, backend::Backend::Client>> backends;
  for (auto& site : sites) {
    if (site->up() && !site->wire.connected()) site->reconnect();
    backends.emplace_back(site->name, site->wire.client());
  }
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

cook::JobSpec World::makeJob() {
  cook::JobSpec spec;
  spec.id = Uuid::fromRandom(random(), random());
  spec.user = std::array{"ana", "bea", "cid", "dan"}[random() % 4];
  spec.command = "true";
  spec.cpus = static_cast<double>(1 + random() % 30) / 10;
  spec.mem = static_cast<double>(1 + random() % 3000);
  spec.priority = static_cast<std::int64_t>(random() % 3) * 50;
  spec.maxRetries = 1 + static_cast<std::int64_t>(random() % 3);
  spec.disableMeaCulpa = random() % 4 == 0;
  if (random() % 4 == 0) spec.environment.emplace_back("SIM_IGNORE_TERM", "1");
  if (random() % 8 == 0) spec.maxRuntimeMs = 1000;
  return spec;
}

void World::submitNew() {
  Order order;
  for (std::uint64_t i = 0, count = 1 + random() % 5; i < count; ++i) {
    order.specs.push_back(makeJob());
  }
  order.number = ledger.submitted(order.specs);
  orders.push_back(std::move(order));
  send(orders.size() - 1);
}

// As often as it takes to hear that it was accepted; what is known already is not sent again.
void World::send(std::size_t index) {
  Order& order = orders[index];
  if (order.settled || order.underWay || life == nullptr) return;
  std::size_t there = 0;
  for (const auto& spec : order.specs) there += life->queue->book().find(spec.id) != nullptr;
  if (there != 0) {
    if (there != order.specs.size()) throw Violation("half a submission was kept");
    order.settled = true;
    return;
  }
  if (life->queue->known(order.specs[0].id)) return;
  order.underWay = true;
  life->waiting.add(life->queue->submit(order.specs)
                        .then(
                            [this, index] {
                              note("accepted " + std::to_string(index));
                              orders[index].settled = true;
                              ledger.accepted(orders[index].number);
                            },
                            [this, index](kj::Exception&&) {
                              note("rejected " + std::to_string(index));
                              ++counted.rejected;
                              orders[index].underWay = false;
                            }));
}

void World::killSomething() {
  auto ids = ledger.acceptedJobs();
  if (ids.empty() || life == nullptr) return;
  Uuid id = ids[random() % ids.size()];
  const Job* job = life->queue->book().find(id);
  if (job == nullptr) return;
  ++counted.kills;
  const cook::Instance* one = job->live();
  if (one != nullptr && random() % 2 == 0) {
    note("kill instance " + one->taskId.text());
    life->waiting.add(life->queue->kill({}, {one->taskId}).catch_([](kj::Exception&&) {}));
    return;
  }
  note("kill " + id.text());
  ledger.killAsked(id);
  auto killed = [this, id] { ledger.killAccepted(id); };
  life->waiting.add(life->queue->kill({id}).then(kj::mv(killed), [](kj::Exception&&) {}));
}

void World::disturbSites() {
  using sim::NodeEvent;
  constexpr std::array EVENTS{NodeEvent::gone,      NodeEvent::back,     NodeEvent::unreachable,
                              NodeEvent::reachable, NodeEvent::draining, NodeEvent::ready,
                              NodeEvent::back,      NodeEvent::reachable};
  for (auto& site : sites) {
    if (chance(80)) {
      auto event = EVENTS[random() % EVENTS.size()];
      const auto& node = site->nodes[random() % site->nodes.size()].id;
      note(node + " event " + std::to_string(static_cast<int>(event)));
      site->nodeEvent(node, event);
    }
    if (!site->up()) {
      if (chance(300)) {
        note(site->name + " starts");
        site->start();
      }
    } else if (chance(15)) {
      note(site->name + " crashes");
      ++counted.backendCrashes;
      site->crash();
    } else if (site->wire.connected() && chance(25)) {
      note(site->name + " cut");
      ++counted.cuts;
      site->wire.cut();
    }
    if (site->up() && life != nullptr && !site->wire.connected() && chance(300)) {
      note(site->name + " connected");
      site->reconnect();
    }
  }
}

void World::disturbQueue() {
  if (life == nullptr) {
    if (chance(300)) boot();
    return;
  }
  if (chance(25)) return crash(random() % 2 == 0);
  if (chance(15)) {
    auto seconds = static_cast<std::int64_t>(random() % 7200) - 3600;
    note("the clock jumps by " + std::to_string(seconds) + " s");
    queueClock.jumped += seconds * kj::SECONDS;
  }
  if (chance(60)) disk.setFaults({0.02 * (random() % 4), 0.1 * (random() % 5)});
  if (chance(60)) disk.setFaults({});
  if (chance(20)) life->queue->configure(settings());
}

void World::mend() {
  for (auto& site : sites) {
    if (!site->up()) site->start();
  }
  if (life == nullptr) boot();
  for (auto& site : sites) {
    if (!site->wire.connected()) site->reconnect();
  }
}

void World::advance(std::int64_t ms) {
  loop.advance(ms * kj::MILLISECONDS);
}

// A quota that was lowered ends nothing, but nobody above it may come to hold more.
void World::checkQuotas() {
  auto& book = life->queue->book();
  for (const char* user : {"ana", "bea", "cid", "dan"}) {
    cook::Usage now = book.usage("", user);
    cook::Usage& before = held[user];
    bool grown = now.count > before.count || now.cpus > before.cpus || now.mem > before.mem;
    if (grown && !book.quotas("").of(user).allows(now)) {
      throw Violation(std::string(user) + " came to hold more than the quota allows");
    }
    before = now;
  }
}

void World::check() {
  if (life == nullptr) return;
  checkQuotas();
  auto& queue = *life->queue;
  ledger.check(queue.book(), queue.journal().durableSequence(), queue.settings().meaCulpa);
  note("at " + std::to_string(queue.book().sequence()) + ", durable " +
       std::to_string(queue.journal().durableSequence()));
}

void World::step() {
  if (orders.size() < ORDERS && chance(300)) submitNew();
  for (std::size_t i = 0; i < orders.size(); ++i) {
    if (chance(200)) send(i);
  }
  if (chance(60)) killSomething();
  disturbSites();
  disturbQueue();
  advance(1 + static_cast<std::int64_t>(random() % (chance(50) ? 5000 : 300)));
  check();
}

void World::calm() {
  note("calm");
  disk.setFaults({});
  for (auto& site : sites) site->cluster.setFaults({});
  mend();
  for (auto& site : sites) {
    for (const auto& node : site->nodes) {
      site->nodeEvent(node.id, sim::NodeEvent::back);
      site->nodeEvent(node.id, sim::NodeEvent::reachable);
    }
  }
}

void World::drain() {
  auto done = [&] {
    auto& book = life->queue->book();
    std::size_t left = 0;
    for (auto& site : sites) left += site->cluster.tasks();
    for (const Order& order : orders) left += !order.settled;
    return left == 0 && book.count(cook::JobState::completed) == book.size();
  };
  for (int i = 0; i < 300 && !done(); ++i) {
    for (std::size_t index = 0; index < orders.size(); ++index) send(index);
    advance(1000);
    check();
  }
  advance(1000);
  ledger.checkEnd(life->queue->book());
  if (!done()) throw Violation("a cluster still has tasks");
  auto& table = static_cast<cook::ClusterOwner&>(*life->queue).nodes();
  for (const auto& [key, node] : table.all()) {
    if (node->free().cpuMillis != node->facts.capacity.cpuMillis) {
      throw Violation("room is missing on " + key.nodeId + " although nothing runs there");
    }
  }
  std::map<Uuid, std::string> state;
  life->queue->book().each([&](const Job& job) { state[job.spec.id] = Ledger::describe(job); });
  for (const auto& [id, text] : state) note(text);
}

}  // namespace maitred::simulation
