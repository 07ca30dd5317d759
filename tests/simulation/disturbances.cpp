// What goes wrong, and how it is put right again.

#include "life.h"

namespace maitred::simulation {

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
    disturb(*site);
  }
}

void World::disturb(Site& site) {
  if (!site.up()) {
    if (site.mayStart() && chance(300)) {
      note(site.name + " starts");
      site.start();
    }
  } else if (chance(15)) {
    note(site.name + " crashes");
    ++counted.backendCrashes;
    site.crash();
    if (chance(250)) {
      ++counted.absences;
      site.stayAway((3 + random() % 20) * kj::SECONDS);
    }
  } else if (site.wire.connected() && chance(25)) {
    note(site.name + " cut");
    ++counted.cuts;
    site.wire.cut();
  }
  if (site.up() && life != nullptr && !site.wire.connected() && chance(300)) {
    note(site.name + " connected");
    site.reconnect();
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
  if (chance(20)) {
    note("another configuration");
    life->queue->configure(settings());
  }
  if (chance(40)) setQuota();
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

void World::calm() {
  note("calm");
  isCalm = true;
  disk.setFaults({});
  for (auto& site : sites) site->cluster.setFaults({});
  if (life != nullptr && granted != sites.size()) crash(false);
  mend();
  life->queue->configure(settings());
  for (auto& site : sites) {
    for (const auto& node : site->nodes) {
      site->nodeEvent(node.id, sim::NodeEvent::back);
      site->nodeEvent(node.id, sim::NodeEvent::reachable);
    }
  }
}

}  // namespace maitred::simulation
