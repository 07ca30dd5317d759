#include "server-impl.h"

#include <capnp/message.h>

namespace maitred::backend {

// How long a session's reports are gathered after a batch.
constexpr kj::Duration PAUSE = 5 * kj::MILLISECONDS;

Server::Impl::Impl(TaskRunner& runner, ServerOptions options, kj::Timer& timer,
                   const kj::Clock& clock)
    : runner(runner),
      options(std::move(options)),
      timer(timer),
      clock(clock),
      link(kj::refcounted<Link>(this)),
      rooms(this->options.roomIsReported),
      epoch(this->options.firstEpoch),
      tasks(*this) {}

Server::Impl::~Impl() noexcept(false) {
  link->server = nullptr;
  for (auto& session : sessions) {
    session.second->phase = SessionState::Phase::ended;
    session.second->endedBecause = "the backend has stopped";
    session.second->work = nullptr;
  }
}

bool Server::Impl::has(Feature feature) const {
  return std::find(options.features.begin(), options.features.end(), feature) !=
         options.features.end();
}

void Server::Impl::taskFailed(kj::Exception&& exception) {
  KJ_LOG(ERROR, "backend: background work failed", exception);
}

void Server::Impl::nodeNews(const std::string& id, NodeNews news) {
  for (auto& session : sessions) {
    session.second->outbox.node(id, news);
    pumpSoon(*session.second);
  }
}

void Server::Impl::nodeChanged(const std::string& id, RoomBook::Change change) {
  if (change == RoomBook::Change::none) return;
  nodeNews(id, change == RoomBook::Change::full ? NodeNews::full : NodeNews::room);
}

void Server::Impl::freed(const TaskKey& key) {
  unplaced.erase(key);
  if (auto node = rooms.release(key)) nodeNews(*node, NodeNews::room);
}

void Server::Impl::report(const TaskKey& key, Status status) {
  KJ_REQUIRE(validId(key.consumer) && validId(key.taskId), "not a task key", key.text().c_str());
  auto waiting = unplaced.find(key);
  if (waiting != unplaced.end() && !status.nodeId.empty() && !isTerminal(status.state)) {
    rooms.charge(status.nodeId, key, waiting->second, {});
    if (rooms.find(status.nodeId) != nullptr) nodeNews(status.nodeId, NodeNews::room);
    unplaced.erase(waiting);
  }
  auto outcome = ledger.report(key, std::move(status), now());
  if (outcome.ended) freed(key);
  if (outcome.delivery) deliver(key, std::move(*outcome.delivery));
}

void Server::Impl::deliver(const TaskKey& key, Delivery delivery) {
  auto found = sessions.find(key.consumer);
  if (found == sessions.end()) return;
  auto& session = *found->second;
  delivery.status.orphan = !session.own.contains(key.taskId);
  session.outbox.status(std::move(delivery));
  pumpSoon(session);
}

void Server::Impl::synced() {
  if (ready) return;
  ready = true;
  for (auto& session : sessions) {
    if (session.second->phase == SessionState::Phase::begun) begin(*session.second);
  }
}

void Server::Impl::newEpoch() {
  ++epoch;
  ready = false;
  rooms.clear();
  pools.clear();
  for (auto& session : sessions) session.second->outbox.hold();
}

// Many reports of one turn of the loop go into one batch, and those of a busy moment: the first
// leaves at once, what comes within PAUSE of it leaves together. A batch costs both sides, and the
// host between them, as much as several statuses.
void Server::Impl::pumpSoon(SessionState& session) {
  if (session.pumpDue || !session.outbox.ready()) return;
  KJ_IF_MAYBE (work, session.work) {
    session.pumpDue = true;
    auto go = [this, &session]() {
      session.pumpDue = false;
      session.quietUntil = timer.now() + PAUSE;
      pump(session);
    };
    bool isBusy = timer.now() < session.quietUntil;
    (*work)->add(isBusy ? timer.atTime(session.quietUntil).then(kj::mv(go))
                        : kj::evalLast(kj::mv(go)));
  }
}

void Server::Impl::pump(SessionState& session) {
  while (session.alive() && session.outbox.ready()) {
    auto draft = session.outbox.cut([this](auto& id, auto news) { return bytesOf(id, news); });
    KJ_IF_MAYBE (work, session.work) {
      (*work)->add(send(session, std::move(draft)));
    }
  }
}

size_t Server::Impl::bytesOf(const std::string& id, NodeNews news) const {
  auto* facts = rooms.find(id);
  if (news == NodeNews::gone || facts == nullptr) return 32 + id.size();
  size_t bytes = 192 + 3 * id.size() + facts->hostname.size() + facts->pool.size();
  for (auto& other : facts->capacity.others) bytes += 2 * (40 + other.first.size());
  bytes += 8 * rooms.view(id).available.ports.size() + 8 * facts->capacity.ports.size();
  if (news == NodeNews::room) return bytes;
  for (auto& attribute : facts->attributes) {
    bytes += 40 + attribute.name.size();
    for (auto& value : attribute.values) bytes += 24 + value.size();
  }
  return bytes;
}

static void writeRoom(const std::string& id, const RoomView& view, Room::Builder to) {
  to.setNodeId(ptr(id));
  write(view.available, to.initAvailable());
  to.setTaskCount(view.taskCount);
  to.setGeneration(view.generation);
}

static void writeNode(const NodeFacts& facts, const RoomView& view, Node::Builder to) {
  writeRoom(facts.id, view, to.initRoom());
  to.setHostname(ptr(facts.hostname));
  to.setPool(ptr(facts.pool));
  write(facts.capacity, to.initCapacity());
  auto attributes = to.initAttributes(facts.attributes.size());
  for (uint i = 0; i < attributes.size(); ++i) {
    auto& from = facts.attributes[i];
    attributes[i].setName(ptr(from.name));
    auto values = attributes[i].initValues(from.values.size());
    for (uint j = 0; j < values.size(); ++j) values.set(j, ptr(from.values[j]));
  }
  to.setTasksMax(facts.tasksMax);
  to.setState(facts.state);
  to.setUnavailableFrom(facts.unavailableFrom);
  to.setUnavailableForMs(facts.unavailableForMs);
}

kj::Promise<void> Server::Impl::send(SessionState& session, BatchDraft draft) {
  auto request = session.observer.applyRequest();
  auto batch = request.initBatch();
  batch.setEpoch(epoch);
  batch.setCursor(draft.cursor);
  batch.setPhase(draft.phase);
  auto nodes = batch.initNodes(draft.nodes.size());
  for (uint i = 0; i < nodes.size(); ++i) {
    auto& [id, news] = draft.nodes[i];
    auto* facts = rooms.find(id);
    if (facts == nullptr) {
      nodes[i].setGone(ptr(id));
    } else if (news == NodeNews::room) {
      writeRoom(id, rooms.view(id), nodes[i].initRoom());
    } else {
      writeNode(*facts, rooms.view(id), nodes[i].initFull());
    }
  }
  auto statuses = batch.initTasks(draft.statuses.size());
  for (uint i = 0; i < statuses.size(); ++i) {
    write(draft.statuses[i].taskId, draft.statuses[i].status, statuses[i]);
  }
  auto pools = batch.initPools(draft.pools.size());
  for (uint i = 0; i < pools.size(); ++i) write(this->pools[draft.pools[i]], pools[i]);

  return request.send().then(
      [this, &session, cursor = draft.cursor](capnp::Response<Observer::ApplyResults> response) {
        answered(session, cursor, response.getResume());
      },
      [this, &session](kj::Exception&& exception) {
        end(session, SessionState::Phase::ended,
            std::string("its observer failed: ") + exception.getDescription().cStr());
      });
}

void Server::Impl::answered(SessionState& session, uint64_t cursor, Resume::Reader resume) {
  if (!session.alive()) return;
  auto recorded = session.outbox.answered(cursor, resume.getDurable(), resume.getWindow());
  if (!recorded) {
    end(session, SessionState::Phase::ended,
        "its observer called a batch durable that was never sent");
    return;
  }
  for (auto& delivery : *recorded) {
    TaskKey key{session.consumer, delivery.taskId};
    if (ledger.acknowledge(key, delivery.serial, isTerminal(delivery.status.state))) {
      runner.recorded(key, delivery.status);
    }
  }
  pumpSoon(session);
}

// --- the public face
// ---------------------------------------------------------------------------------------

Server::Server(TaskRunner& runner, ServerOptions options, kj::Timer& timer, const kj::Clock& clock)
    : impl(kj::heap<Impl>(runner, std::move(options), timer, clock)) {}

Server::~Server() noexcept(false) {}

Backend::Client Server::client() {
  return makeBackend(kj::addRef(*impl->link));
}

void Server::setNode(NodeFacts node) {
  KJ_REQUIRE(!node.id.empty(), "a node needs an id");
  auto id = node.id;
  impl->nodeChanged(id, impl->rooms.setNode(std::move(node)));
}

void Server::setForeignUse(const std::string& nodeId, Amounts used, uint32_t tasks) {
  impl->nodeChanged(nodeId, impl->rooms.setForeignUse(nodeId, std::move(used), tasks));
}

void Server::setRoom(const std::string& nodeId, Amounts available) {
  KJ_REQUIRE(impl->options.roomIsReported,
             "room is counted here: say what others use with setForeignUse()");
  impl->nodeChanged(nodeId, impl->rooms.setRoom(nodeId, std::move(available)));
}

void Server::removeNode(const std::string& nodeId) {
  if (impl->rooms.remove(nodeId)) impl->nodeNews(nodeId, NodeNews::gone);
}

void Server::setPool(PoolFacts pool) {
  auto& known = impl->pools[pool.name];
  if (known == pool) return;
  auto name = pool.name;
  known = std::move(pool);
  for (auto& session : impl->sessions) {
    session.second->outbox.pool(name);
    impl->pumpSoon(*session.second);
  }
}

const NodeFacts* Server::node(const std::string& nodeId) const {
  return impl->rooms.find(nodeId);
}

std::optional<Amounts> Server::available(const std::string& nodeId) const {
  if (impl->rooms.find(nodeId) == nullptr) return std::nullopt;
  return impl->rooms.view(nodeId).available;
}

void Server::adopt(const TaskKey& key, AdoptedTask task) {
  KJ_REQUIRE(impl->ledger.find(key) == nullptr, "task is known already", key.text().c_str());
  auto& entry = impl->ledger.add(key);
  entry.digestHex = std::move(task.digestHex);
  entry.killGraceMs = task.killGraceMs;
  if (!isTerminal(task.status.state)) {
    impl->rooms.charge(task.status.nodeId, key, task.resources, task.ports);
    if (impl->rooms.find(task.status.nodeId) != nullptr) {
      impl->nodeNews(task.status.nodeId, NodeNews::room);
    }
  }
  impl->report(key, std::move(task.status));
}

void Server::report(const TaskKey& key, Status status) {
  impl->report(key, std::move(status));
}

const Status* Server::status(const TaskKey& key) const {
  auto* entry = impl->ledger.find(key);
  return entry == nullptr || !entry->last ? nullptr : &*entry->last;
}

std::vector<TaskKey> Server::tasks() const {
  return impl->ledger.keys();
}

void Server::newEpoch() {
  impl->newEpoch();
}
void Server::synced() {
  impl->synced();
}
void Server::drain() {
  impl->isDraining = true;
}
uint64_t Server::epoch() const {
  return impl->epoch;
}

Server::Counts Server::counts() const {
  Counts counts{impl->sessions.size(), impl->rooms.size(), impl->ledger.size(),
                impl->ledger.unacknowledged(), 0};
  for (auto& session : impl->sessions) counts.batchesInFlight += session.second->outbox.inFlight();
  return counts;
}

}  // namespace maitred::backend
