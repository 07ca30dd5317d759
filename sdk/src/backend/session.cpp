// The capabilities through which consumers hold a backend and their session.
#include "server-impl.h"

namespace maitred::backend {
namespace {

constexpr uint listMax = 2'000;

ShapeWish wishOf(capnp::Text::Reader pool, Shape::Reader shape) {
  ShapeWish wish{str(pool), read(shape.getResources()), shape.getCount(), str(shape.getHint()), {}};
  for (auto constraint : shape.getConstraints()) {
    if (constraint.getOperator() != Operator::IN) continue;
    AttributeValues need{str(constraint.getAttribute()), {}};
    for (auto value : constraint.getValues()) need.values.push_back(str(value));
    wish.needs.push_back(std::move(need));
  }
  return wish;
}

class SessionServer final : public Session::Server {
 public:
  SessionServer(kj::Own<Link> link, kj::Own<SessionState> state)
      : link(kj::mv(link)), state(kj::mv(state)) {}
  ~SessionServer() noexcept(false) {
    if (link->server != nullptr) {
      link->server->end(*state, SessionState::Phase::ended, "its consumer dropped it");
    }
  }

  kj::Promise<void> expect(ExpectContext context) override;
  kj::Promise<void> begin(BeginContext context) override;
  kj::Promise<void> launch(LaunchContext context) override;
  kj::Promise<void> kill(KillContext context) override;
  kj::Promise<void> signal(SignalContext context) override;
  kj::Promise<void> reconcile(ReconcileContext context) override;
  kj::Promise<void> demand(DemandContext context) override;
  kj::Promise<void> release(ReleaseContext context) override;
  kj::Promise<void> sandbox(SandboxContext context) override;
  kj::Promise<void> explain(ExplainContext context) override;

 private:
  backend::Server::Impl& use() {
    if (link->server == nullptr)
      kj::throwFatalException(KJ_EXCEPTION(DISCONNECTED, "the backend has stopped"));
    switch (state->phase) {
      case SessionState::Phase::fenced:
        KJ_FAIL_REQUIRE("fenced: another attach of this consumer has taken over",
                        state->consumer.c_str());
      case SessionState::Phase::ended:
        kj::throwFatalException(KJ_EXCEPTION(DISCONNECTED, "the session has ended: attach again",
                                             state->endedBecause.c_str()));
      default:
        return *link->server;
    }
  }
  // Only tasks of this consumer exist for it.
  TaskKey known(capnp::Text::Reader taskId) {
    TaskKey key{state->consumer, str(taskId)};
    auto& server = use();
    KJ_REQUIRE(server.ledger.find(key) != nullptr || server.ledger.rememberedDigest(key) != nullptr,
               "no such task", taskId);
    return key;
  }

  kj::Own<Link> link;
  kj::Own<SessionState> state;
};

kj::Promise<void> SessionServer::expect(ExpectContext context) {
  use();
  KJ_REQUIRE(state->phase == SessionState::Phase::open, "expect() comes before begin()");
  auto tasks = context.getParams().getTasks();
  KJ_REQUIRE(tasks.size() <= listMax, "too many tasks in one call", tasks.size(), listMax);
  for (auto task : tasks) {
    auto id = str(task.getTaskId());
    KJ_REQUIRE(validId(id), "taskId must have 1 to 63 characters of [a-z0-9-]", id.c_str());
    ExpectedTask expected{str(task.getNodeId()), task.getPhase(), nullptr};
    if (task.hasSpec() && task.getPhase() == ExpectedPhase::LAUNCHING) {
      expected.spec = capnp::clone(task.getSpec());
    }
    state->expected[id] = std::move(expected);
    state->own.insert(id);
  }
  return kj::READY_NOW;
}

kj::Promise<void> SessionServer::begin(BeginContext) {
  auto& server = use();
  KJ_REQUIRE(state->phase == SessionState::Phase::open, "begin() was said before");
  state->phase = SessionState::Phase::begun;
  server.begin(*state);
  return kj::READY_NOW;
}

kj::Promise<void> SessionServer::launch(LaunchContext context) {
  auto params = context.getParams();
  auto write = [context](std::vector<LaunchAnswer> answers) mutable {
    auto results = context.getResults().initResults(answers.size());
    for (uint i = 0; i < answers.size(); ++i) {
      switch (answers[i].kind) {
        case LaunchAnswer::Kind::accepted:
          results[i].setAccepted();
          break;
        case LaunchAnswer::Kind::alreadyKnown:
          results[i].setAlreadyKnown();
          break;
        case LaunchAnswer::Kind::refused:
          backend::write(answers[i].rejection, results[i].initRefused());
          break;
      }
    }
  };
  if (link->server != nullptr && state->phase == SessionState::Phase::fenced) {
    Rejection rejection{RefusalReason::FENCED, "another attach of this consumer has taken over", 0};
    write(std::vector<LaunchAnswer>(params.getPlacements().size(),
                                    {LaunchAnswer::Kind::refused, rejection}));
    return kj::READY_NOW;
  }
  return use().launch(*state, params.getEpoch(), params.getPlacements()).then(kj::mv(write));
}

kj::Promise<void> SessionServer::kill(KillContext context) {
  auto& server = use();
  auto kills = context.getParams().getKills();
  KJ_REQUIRE(kills.size() <= listMax, "too many kills in one call", kills.size(), listMax);
  for (auto kill : kills) server.kill(*state, kill);
  return kj::READY_NOW;
}

kj::Promise<void> SessionServer::signal(SignalContext context) {
  auto params = context.getParams();
  auto& server = use();
  KJ_REQUIRE(server.has(Feature::SIGNALS), "this backend cannot send signals");
  KJ_REQUIRE(params.getNumber() >= 1 && params.getNumber() <= 64, "signals are 1..64",
             params.getNumber());
  auto key = known(params.getTaskId());
  auto work = kj::evalNow([&]() { return server.runner.signal(key, params.getNumber()); }).fork();
  // The branch in the server's own set carries it on if the caller goes away.
  server.tasks.add(work.addBranch().catch_([](kj::Exception&&) {}));
  return work.addBranch();
}

kj::Promise<void> SessionServer::reconcile(ReconcileContext context) {
  auto params = context.getParams();
  auto& server = use();
  auto ids = params.getTaskIds();
  KJ_REQUIRE(ids.size() <= listMax, "too many tasks in one call", ids.size(), listMax);
  std::vector<TaskKey> keys;
  for (auto id : ids) keys.push_back({state->consumer, str(id)});
  auto wanted = params.getDeadlineMs() == 0 ? 10'000u : std::min(params.getDeadlineMs(), 600'000u);
  auto deadline = wanted * kj::MILLISECONDS;
  auto count = keys.size();
  kj::Promise<std::vector<Finding>> findings = allUndetermined(count, 1'000);
  if (server.ready) {
    findings = kj::evalNow([&]() {
                 return server.runner.reconcile(keys, deadline);
               }).exclusiveJoin(server.timer.afterDelay(deadline).then([count]() {
      return allUndetermined(count, 1'000);
    }));
  }
  return findings.then([this, context, keys = kj::mv(keys)](std::vector<Finding> found) mutable {
    auto& server = use();
    KJ_ASSERT(found.size() == keys.size(), "the backend answered for another number of tasks");
    auto answers = context.getResults().initAnswers(keys.size());
    for (uint i = 0; i < answers.size(); ++i) {
      answers[i].setTaskId(ptr(keys[i].taskId));
      auto* entry = server.ledger.find(keys[i]);
      auto ended = server.ledger.remembered(keys[i]);
      if (found[i].kind == Finding::Kind::undetermined && (entry == nullptr || entry->guessed) &&
          !ended) {
        answers[i].setUndetermined(found[i].retryMs);
      } else if (found[i].kind != Finding::Kind::gone && entry != nullptr && entry->last) {
        auto status =
            entry->unacknowledged.empty() ? *entry->last : entry->unacknowledged[0].status;
        status.orphan = !state->own.contains(keys[i].taskId);
        backend::write(keys[i].taskId, status, answers[i].initStatus());
      } else if (entry != nullptr && !entry->settled) {
        answers[i].setUndetermined(200);  // its launch is under way
      } else if (ended) {
        backend::write(keys[i].taskId, ended->status, answers[i].initStatus());
      } else {
        answers[i].setGone();
      }
    }
  });
}

kj::Promise<void> SessionServer::demand(DemandContext context) {
  auto& server = use();
  std::vector<ShapeWish> wishes;
  for (auto pool : context.getParams().getPools()) {
    for (auto shape : pool.getShapes()) wishes.push_back(wishOf(pool.getPool(), shape));
    // A pool without shapes is demand all the same: room of any size.
    if (pool.getShapes().size() == 0) wishes.push_back({str(pool.getPool()), {}, 0, "", {}});
  }
  KJ_REQUIRE(wishes.size() <= listMax, "too many shapes: merge alike ones by count", wishes.size(),
             listMax);
  state->wishes = std::move(wishes);
  server.demandSoon();
  return kj::READY_NOW;
}

kj::Promise<void> SessionServer::release(ReleaseContext context) {
  auto& server = use();
  std::vector<std::string> nodeIds;
  for (auto id : context.getParams().getNodeIds()) nodeIds.push_back(str(id));
  server.runner.release(state->consumer, std::move(nodeIds),
                        context.getParams().getRefuseMs() * kj::MILLISECONDS);
  return kj::READY_NOW;
}

kj::Promise<void> SessionServer::sandbox(SandboxContext context) {
  auto key = known(context.getParams().getTaskId());
  return use().runner.sandbox(key).then([context](Sandbox::Client sandbox) mutable {
    context.getResults().setSandbox(kj::mv(sandbox));
  });
}

kj::Promise<void> SessionServer::explain(ExplainContext context) {
  auto key = known(context.getParams().getTaskId());
  return use().runner.explain(key).then([context](std::vector<ExplanationLine> lines) mutable {
    auto count = std::min<size_t>(lines.size(), 100);  // the latest
    auto out = context.getResults().initLines(count);
    for (uint i = 0; i < count; ++i) {
      auto& line = lines[lines.size() - count + i];
      out[i].setAt(line.at);
      out[i].setSource(ptr(line.source));
      out[i].setReason(ptr(line.reason));
      out[i].setText(ptr(line.text));
      out[i].setCount(line.count);
    }
  });
}

class BackendServer final : public Backend::Server {
 public:
  explicit BackendServer(kj::Own<Link> link) : link(kj::mv(link)) {}

  kj::Promise<void> info(InfoContext context) override {
    auto& options = use().options;
    auto info = context.getResults().initInfo();
    info.setKind(ptr(options.kind));
    info.setCluster(ptr(options.cluster));
    auto features = info.initFeatures(options.features.size());
    for (uint i = 0; i < features.size(); ++i) features.set(i, options.features[i]);
    info.setLaunchBatchMax(options.launchBatchMax);
    info.setSpecBytesMax(options.specLimits.specBytesMax);
    return kj::READY_NOW;
  }

  kj::Promise<void> attach(AttachContext context) override {
    auto& server = use();
    auto params = context.getParams();
    auto state = server.attach(params.getConsumer(), params.getObserver());
    auto results = context.getResults();
    results.setEpoch(server.epoch);
    results.setSession(kj::heap<SessionServer>(kj::addRef(*link), kj::mv(state)));
    return kj::READY_NOW;
  }

 private:
  backend::Server::Impl& use() {
    if (link->server == nullptr)
      kj::throwFatalException(KJ_EXCEPTION(DISCONNECTED, "the backend has stopped"));
    return *link->server;
  }
  kj::Own<Link> link;
};

}  // namespace

Backend::Client makeBackend(kj::Own<Link> link) {
  return kj::heap<BackendServer>(kj::mv(link));
}

}  // namespace maitred::backend
