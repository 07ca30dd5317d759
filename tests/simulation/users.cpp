// What users do: they submit jobs, alone and in groups, kill them, and ask for more attempts.

#include "life.h"

namespace maitred::simulation {
namespace {

constexpr std::size_t ORDERS = 25;
constexpr const char* FOR_EVER = "1000000000";  // ten days: no run of a simulation takes as long

}  // namespace

void World::actAsUsers() {
  if (orders.size() < ORDERS && chance(300)) submitNew();
  for (std::size_t i = 0; i < orders.size(); ++i) {
    if (chance(200)) send(i);
  }
  if (chance(60)) killSomething();
  if (chance(60)) retrySomething();
}

cook::JobSpec World::makeJob() {
  cook::JobSpec spec;
  spec.id = Uuid::draw(random);
  spec.user = USERS[random() % USERS.size()];
  spec.command = "true";
  spec.cpus = static_cast<double>(1 + random() % 30) / 10;
  spec.mem = static_cast<double>(1 + random() % 3000);
  spec.priority = static_cast<std::int64_t>(random() % 3) * 50;
  spec.maxRetries = 1 + static_cast<std::int64_t>(random() % 3);
  spec.disableMeaCulpa = random() % 4 == 0;
  if (random() % 4 == 0) spec.environment.emplace_back("SIM_IGNORE_TERM", "1");
  if (pace != Pace::brisk) {
    std::string time = pace == Pace::slow ? std::to_string(100 + random() % 15'000) : FOR_EVER;
    spec.environment.emplace_back("SIM_RUN_MS", time);
  }
  if (pace != Pace::endless && random() % 8 == 0) spec.maxRuntimeMs = 1000;
  return spec;
}

void World::submitNew() {
  Order order;
  std::string pool = std::array{"", "", "", "side", "side", "night"}[random() % 6];
  for (std::uint64_t i = 0, count = 1 + random() % 5; i < count; ++i) {
    order.specs.push_back(makeJob());
    order.specs.back().submitPool = pool;
  }
  if (chance(400)) describeGroup(order);
  order.number = ledger.submitted(order.specs);
  orders.push_back(std::move(order));
  send(orders.size() - 1);
}

// All its jobs are in one group: a new one, or one that another submission has made.
void World::describeGroup(Order& order) {
  using Type = cook::HostPlacement::Type;
  cook::GroupSpec group;
  const Order* other = orders.empty() ? nullptr : &orders[random() % orders.size()];
  if (other != nullptr && other->settled && !other->groups.empty() && chance(300)) {
    group = other->groups.front().spec;
  } else {
    group.id = Uuid::draw(random);
    if (chance(600)) {
      group.name = "group-" + std::to_string(orders.size());
      group.placement.type =
          std::array{Type::all, Type::unique, Type::balanced, Type::attributeEquals}[random() % 4];
      auto& placement = group.placement;
      if (placement.type >= Type::balanced) {
        placement.attribute = std::array{"HOSTNAME", "rack"}[random() % 2];
      }
      if (placement.type == Type::balanced) placement.minimum = 1 + static_cast<int>(random() % 3);
    }
    ledger.described(group);
    order.groups.push_back({group});
    ++counted.groups;
  }
  for (auto& spec : order.specs) {
    spec.group = group.id;
    spec.groupName = group.name;
  }
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
  const cook::Pools& pools = life->queue->pools();
  if (!pools.find(pools.resolve(order.specs[0].submitPool))->active) return;
  order.underWay = true;
  life->waiting.add(life->queue->submit(order.specs, order.groups)
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

bool World::sendAll() {
  for (std::size_t index = 0; index < orders.size(); ++index) send(index);
  return std::all_of(orders.begin(), orders.end(), [](const Order& one) { return one.settled; });
}

void World::killAll() {
  note("kill all");
  std::vector<Uuid> all;
  life->queue->book().each([&](const Job& job) {
    if (job.state != cook::JobState::completed) all.push_back(job.spec.id);
  });
  for (const Uuid& id : all) ledger.killAsked(id);
  life->waiting.add(life->queue->kill(all).catch_([](kj::Exception&&) {}));
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
  std::size_t number = ledger.killAsked(id);
  auto killed = [this, id, number] { ledger.killAccepted(id, number); };
  life->waiting.add(life->queue->kill({id}).then(kj::mv(killed), [](kj::Exception&&) {}));
}

// As the interface allows it: never fewer attempts than are used up.
void World::retrySomething() {
  auto ids = ledger.acceptedJobs();
  if (ids.empty() || life == nullptr) return;
  Job* job = life->queue->book().find(ids[random() % ids.size()]);
  if (job == nullptr) return;
  std::int64_t consumed = cook::attemptsConsumed(*job, life->queue->settings().meaCulpa);
  std::int64_t attempts = std::max<std::int64_t>(1, consumed + random() % 3);
  Uuid id = job->spec.id;
  note("retry " + id.text() + " " + std::to_string(attempts));
  ++counted.retries;
  bool over = job->state == cook::JobState::completed;
  std::size_t number = ledger.retriesAsked(id, attempts);
  auto kept = [this, id, number] { ledger.retriesAccepted(id, number); };
  auto asked = life->queue->retry({{job, attempts}}, {});
  life->waiting.add(asked.then(kj::mv(kept), [](kj::Exception&&) {}));
  counted.revivals += over && job->state != cook::JobState::completed;
}

}  // namespace maitred::simulation
