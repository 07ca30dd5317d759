// Launches and kills: from a consumer's placement to the runner's answer.
#include "server-impl.h"

#include <capnp/message.h>
#include <kj/encoding.h>

namespace maitred::backend {
namespace {

LaunchAnswer refused(Rejection rejection) {
  return {LaunchAnswer::Kind::refused, std::move(rejection)};
}

std::vector<PortWish> portsOf(TaskSpec::Reader spec) {
  std::vector<PortWish> wishes;
  for (auto port : spec.getPorts()) wishes.push_back({str(port.getName()), port.getFixed()});
  return wishes;
}

Reason reasonFor(RefusalReason reason) {
  switch (reason) {
    case RefusalReason::STALE_ROOM:
      return Reason::STALE_ROOM;
    case RefusalReason::NO_ROOM:
    case RefusalReason::NO_SUCH_NODE:
      return Reason::NO_ROOM;
    case RefusalReason::INVALID_SPEC:
    case RefusalReason::UNSUPPORTED:
      return Reason::INVALID_SPEC;
    case RefusalReason::UNAUTHORIZED:
      return Reason::UNAUTHORIZED;
    case RefusalReason::LIMITED:
      return Reason::QUOTA;
    default:
      return Reason::INFRASTRUCTURE;
  }
}

// The answers of one call, filled in as they come.
struct LaunchCall : public kj::Refcounted {
  std::vector<LaunchAnswer> answers;
};

}  // namespace

std::string hexOf(TaskSpec::Reader spec) {
  auto digest = digestOf(spec);
  return std::string(kj::encodeHex(kj::arrayPtr(digest.data(), digest.size())).cStr());
}

std::optional<Rejection> Server::Impl::notNow(const SessionState& session, uint64_t asked) const {
  if (session.phase == SessionState::Phase::open) {
    return Rejection{RefusalReason::STALE_EPOCH, "say begin() first: no snapshot was sent", 0};
  }
  if (!ready || asked != epoch) {
    return Rejection{RefusalReason::STALE_EPOCH,
                     "epoch " + std::to_string(asked) + " is over, it is " + std::to_string(epoch) +
                         (ready ? "" : " and its snapshot is not complete"),
                     ready ? 0u : 500u};
  }
  if (isDraining) return Rejection{RefusalReason::DRAINING, "the backend is being stopped", 10'000};
  return std::nullopt;
}

std::optional<LaunchAnswer> Server::Impl::knownAnswer(SessionState& session, const TaskKey& key,
                                                      const std::string& digestHex) {
  auto* entry = ledger.find(key);
  auto* digest = entry != nullptr ? &entry->digestHex : ledger.rememberedDigest(key);
  if (digest == nullptr) return std::nullopt;
  if (!digest->empty() && *digest != digestHex) {
    return refused({RefusalReason::ID_TAKEN,
                    "task id " + key.taskId + " was used with another spec: choose a new id", 0});
  }
  session.own.insert(key.taskId);
  if (entry == nullptr) deliver(key, *ledger.remembered(key));
  return LaunchAnswer{LaunchAnswer::Kind::alreadyKnown, {}};
}

std::optional<Rejection> Server::Impl::place(Placement::Reader placement, LaunchOrder& order) {
  auto where = placement.getWhere();
  auto need = read(order.spec->getResources());
  auto ports = portsOf(*order.spec);
  uint64_t generation = 0;
  if (where.isNode()) {
    if (!has(Feature::PLACE_ON_NODE)) {
      return Rejection{RefusalReason::UNSUPPORTED, "this backend places by itself: use `anywhere`",
                       0};
    }
    order.nodeId = str(where.getNode().getNodeId());
    generation = where.getNode().getGeneration();
  } else if (where.isAnywhere()) {
    if (!has(Feature::PLACE_ANYWHERE)) {
      return Rejection{RefusalReason::UNSUPPORTED, "this backend needs a node: use `node`", 0};
    }
    order.anywhere = capnp::clone(where.getAnywhere());
    order.pool = str(where.getAnywhere().getPool());
    if (!options.pickNode) {
      unplaced[order.key] = std::move(need);
      return std::nullopt;
    }
    std::string why;
    order.nodeId = rooms.pick(where.getAnywhere(), need, ports, why);
    if (order.nodeId.empty()) return Rejection{RefusalReason::NO_ROOM, why, 1000};
  } else {
    return Rejection{RefusalReason::INVALID_SPEC,
                     "placement.where is not set: give node or anywhere", 0};
  }
  auto taken = rooms.take(order.nodeId, generation, order.key, need, ports);
  if (taken.rejection) return taken.rejection;
  order.ports = std::move(taken.ports);
  if (order.pool.empty()) order.pool = rooms.find(order.nodeId)->pool;
  nodeNews(order.nodeId, NodeNews::room);
  return std::nullopt;
}

// Checks, room, and the entry in the ledger.
std::optional<Rejection> Server::Impl::prepare(Placement::Reader placement,
                                               const std::string& digestHex, LaunchOrder& order) {
  if (auto fault = faultIn(placement.getSpec(), options.specLimits)) {
    return Rejection{RefusalReason::INVALID_SPEC, *fault, 0};
  }
  order.spec = capnp::clone(placement.getSpec());
  order.digestHex = digestHex;
  if (auto rejection = place(placement, order)) return rejection;
  auto& entry = ledger.add(order.key);
  entry.digestHex = digestHex;
  entry.settled = false;
  entry.killGraceMs = order.spec->getKillGraceMs();
  return std::nullopt;
}

kj::Promise<std::vector<LaunchAnswer>> Server::Impl::launch(
    SessionState& session, uint64_t asked, capnp::List<Placement>::Reader placements) {
  KJ_REQUIRE(placements.size() <= options.launchBatchMax, "too many placements in one call",
             placements.size(), options.launchBatchMax);
  auto call = kj::refcounted<LaunchCall>();
  call->answers.resize(placements.size());
  std::vector<LaunchOrder> orders;
  std::vector<size_t> indices;
  std::set<std::string> inThisCall;
  kj::Vector<kj::Promise<void>> waiting;
  auto rejection = notNow(session, asked);
  for (uint i = 0; i < placements.size(); ++i) {
    auto& answer = call->answers[i];
    if (rejection) {
      answer = refused(*rejection);
      continue;
    }
    LaunchOrder order;
    order.key = {session.consumer, str(placements[i].getTaskId())};
    if (!validId(order.key.taskId)) {
      answer = refused(
          {RefusalReason::INVALID_SPEC, "taskId must have 1 to 63 characters of [a-z0-9-]", 0});
      continue;
    }
    if (!inThisCall.insert(order.key.taskId).second) {
      answer = refused(
          {RefusalReason::ID_TAKEN, "task id " + order.key.taskId + " is twice in this call", 0});
      continue;
    }
    auto digestHex = hexOf(placements[i].getSpec());
    if (auto known = knownAnswer(session, order.key, digestHex)) {
      answer = std::move(*known);
      auto group = launching.find(order.key);
      if (answer.kind != LaunchAnswer::Kind::alreadyKnown || group == launching.end()) continue;
      waiting.add(group->second->done.addBranch().then(
          [this, key = order.key, i, call = kj::addRef(*call)]() mutable {
            if (ledger.find(key) != nullptr || ledger.rememberedDigest(key) != nullptr) return;
            call->answers[i] =
                refused({RefusalReason::LIMITED,
                         "the launch of this id that was under way was refused: send it again", 0});
          }));
      continue;
    }
    if (auto fault = prepare(placements[i], digestHex, order)) {
      answer = refused(std::move(*fault));
      continue;
    }
    session.own.insert(order.key.taskId);
    orders.push_back(std::move(order));
    indices.push_back(i);
  }
  if (!orders.empty()) {
    waiting.add(start(std::move(orders))
                    .then([indices = std::move(indices),
                           call = kj::addRef(*call)](std::vector<LaunchAnswer> answers) mutable {
                      for (size_t i = 0; i < answers.size(); ++i)
                        call->answers[indices[i]] = std::move(answers[i]);
                    }));
  }
  return kj::joinPromises(waiting.releaseAsArray()).then([call = kj::mv(call)]() mutable {
    return std::move(call->answers);
  });
}

void Server::Impl::forget(const TaskKey& key) {
  freed(key);
  ledger.forget(key);
}

LaunchAnswer Server::Impl::settle(const TaskKey& key, std::optional<Rejection>&& rejection) {
  launching.erase(key);
  auto waitingKill = killsWaiting.extract(key);
  auto* entry = ledger.find(key);
  if (rejection && (entry == nullptr || !entry->last)) {
    forget(key);
    return refused(std::move(*rejection));
  }
  if (entry != nullptr && waitingKill) {
    killTask(key, *entry, waitingKill.mapped().first, waitingKill.mapped().second);
  }
  ledger.settle(key);
  return {LaunchAnswer::Kind::accepted, {}};
}

// The work belongs to the server, not to the call: a consumer that goes away changes nothing.
kj::Promise<std::vector<LaunchAnswer>> Server::Impl::start(std::vector<LaunchOrder> orders) {
  auto result = kj::newPromiseAndFulfiller<std::vector<LaunchAnswer>>();
  auto done = kj::newPromiseAndFulfiller<void>();
  auto group = kj::refcounted<LaunchGroup>(kj::mv(done.promise));
  std::vector<TaskKey> keys;
  for (auto& order : orders) {
    keys.push_back(order.key);
    launching[order.key] = kj::addRef(*group);
  }
  struct Ends {
    kj::Own<kj::PromiseFulfiller<std::vector<LaunchAnswer>>> result;
    kj::Own<kj::PromiseFulfiller<void>> done;
  };
  auto ends = kj::heap<Ends>(Ends{kj::mv(result.fulfiller), kj::mv(done.fulfiller)});
  auto& both = *ends;
  auto work = kj::evalNow([&]() { return runner.launch(std::move(orders)); });
  tasks.add(work.then([keys](std::vector<std::optional<Rejection>> rejections) {
                  KJ_ASSERT(rejections.size() == keys.size(),
                            "the backend answered for another number of tasks");
                  return rejections;
                })
                .then(
                    [this, keys, &both](std::vector<std::optional<Rejection>> rejections) {
                      std::vector<LaunchAnswer> answers;
                      for (size_t i = 0; i < keys.size(); ++i) {
                        answers.push_back(settle(keys[i], std::move(rejections[i])));
                      }
                      both.done->fulfill();
                      both.result->fulfill(std::move(answers));
                    },
                    [this, keys, &both](kj::Exception&& exception) {
                      for (auto& key : keys) {
                        launching.erase(key);
                        killsWaiting.erase(key);
                        auto* entry = ledger.find(key);
                        if (entry != nullptr && entry->last) {
                          ledger.settle(key);
                        } else {
                          forget(key);
                        }
                      }
                      both.done->fulfill();
                      // Unknown outcome: whatever went wrong, the consumer must ask again.
                      both.result->reject(KJ_EXCEPTION(DISCONNECTED,
                                                       "the outcome of the launch is unknown",
                                                       exception.getDescription()));
                    })
                .attach(kj::mv(ends)));
  return kj::mv(result.promise);
}

// A launch that was lost on its way, by the spec which the consumer gave to expect().
void Server::Impl::relaunch(SessionState& session, const TaskKey& key, ExpectedTask& task) {
  auto& spec = KJ_ASSERT_NONNULL(task.spec);
  capnp::MallocMessageBuilder message;
  auto placement = message.initRoot<Placement>();
  placement.setTaskId(ptr(key.taskId));
  placement.setSpec(*spec);
  if (!task.nodeId.empty() && has(Feature::PLACE_ON_NODE)) {
    placement.getWhere().initNode().setNodeId(ptr(task.nodeId));
  } else if (has(Feature::PLACE_ANYWHERE)) {
    placement.getWhere().initAnywhere().setPool(spec->getPool());
  }
  auto giveUp = [this, key](const Rejection& rejection) {
    Status status;
    status.state = TaskState::NOT_STARTED;
    status.reason = reasonFor(rejection.reason);
    status.message = rejection.message;
    report(key, std::move(status));
  };
  LaunchOrder order;
  order.key = key;
  auto rejection = notNow(session, epoch);
  if (!rejection) rejection = prepare(placement.asReader(), hexOf(*spec), order);
  if (rejection) {
    giveUp(*rejection);
    return;
  }
  std::vector<LaunchOrder> orders;
  orders.push_back(std::move(order));
  tasks.add(start(std::move(orders))
                .then(
                    [giveUp](std::vector<LaunchAnswer> answers) {
                      if (answers[0].kind == LaunchAnswer::Kind::refused)
                        giveUp(answers[0].rejection);
                    },
                    [this, key](kj::Exception&&) { askAgain(key, 1000); }));
}

void Server::Impl::kill(SessionState& session, Kill::Reader kill) {
  TaskKey key{session.consumer, str(kill.getTaskId())};
  auto* entry = ledger.find(key);
  if (entry == nullptr) {
    if (auto ended = ledger.remembered(key)) deliver(key, *ended);
    return;
  }
  if (!entry->settled) {
    auto [place, isNew] = killsWaiting.try_emplace(key, kill.getGraceMs(), kill.getPreempted());
    if (!isNew) place->second.first = std::min(place->second.first, kill.getGraceMs());
    return;
  }
  killTask(key, *entry, kill.getGraceMs(), kill.getPreempted());
}

void Server::Impl::killTask(const TaskKey& key, TaskEntry& entry, uint32_t graceMs,
                            bool preempted) {
  if (entry.last && isTerminal(entry.last->state)) return;
  auto by = now() + int64_t(graceMs) * 1'000'000;
  if (entry.killBy && *entry.killBy <= by) return;  // asked for already, and sooner
  entry.killBy = by;
  runner.kill({key, graceMs, preempted});
}

}  // namespace maitred::backend
