#include "plugin-server.h"

#include <kj/debug.h>

namespace maitred {
namespace {

constexpr kj::Duration kLoopTick = 100 * kj::MILLISECONDS;

kj::Own<capnp::MallocMessageBuilder> copyOf(capnp::AnyPointer::Reader config) {
  auto message = kj::heap<capnp::MallocMessageBuilder>();
  message->setRoot(config);
  return message;
}

capnp::AnyPointer::Reader rootOf(capnp::MallocMessageBuilder& message) {
  return message.getRoot<capnp::AnyPointer>().asReader();
}

}  // namespace

PluginServer::PluginServer(const PluginClass& type, Surroundings surroundings)
    : type(type), context(kj::mv(surroundings)), loopWatch(watchLoop().eagerlyEvaluate(nullptr)) {}

PluginServer::~PluginServer() noexcept(false) = default;

Plugin& PluginServer::running() {
  KJ_IF_MAYBE (p, plugin) {
    KJ_REQUIRE(started, "start() has not finished");
    return **p;
  }
  KJ_FAIL_REQUIRE("the plugin was not started");
}

// How late a timer fires is how long something else held the loop.
kj::Promise<void> PluginServer::watchLoop() {
  auto due = context.timer().now() + kLoopTick;
  return context.timer().atTime(due).then([this, due]() {
    worstLoopDelay = kj::max(worstLoopDelay, context.timer().now() - due);
    return watchLoop();
  });
}

kj::Promise<void> PluginServer::check(CheckContext call) {
  Problems problems;
  type.check(call.getParams().getConfig(), problems);
  problems.writeTo(call.getResults().initProblems(problems.items().size()));
  return kj::READY_NOW;
}

kj::Promise<void> PluginServer::start(StartContext call) {
  KJ_REQUIRE(plugin == nullptr, "start() comes once");
  call.allowCancellation();
  auto params = call.getParams();
  config = copyOf(params.getConfig());
  context.impl->host = params.getHost();
  auto& object = *plugin.emplace(type.create(context));
  auto grants = kj::heap<Grants>(params.getGrants());
  auto starting = object.startUntyped(rootOf(*config), *grants);
  auto whole = starting.attach(kj::mv(grants)).then([this]() { started = true; });
  return work.run(kj::mv(whole)).then([this, call]() mutable {
    auto& provided = context.impl->provided;
    auto out = call.getResults().initProvides(provided.size());
    for (size_t i = 0; i < provided.size(); ++i) {
      out[i].setInterfaceId(provided[i].interfaceId);
      out[i].setCapability(provided[i].client);
    }
  });
}

kj::Promise<void> PluginServer::activate(ActivateContext call) {
  call.allowCancellation();
  return work.run(running().activate(call.getParams().getFence()));
}

kj::Promise<void> PluginServer::reconfigure(ReconfigureContext call) {
  call.allowCancellation();
  auto& object = running();
  KJ_REQUIRE(candidate.get() == nullptr, "another reconfigure() is under way");
  candidate = copyOf(call.getParams().getConfig());
  auto outcome = object.reconfigureUntyped(rootOf(*candidate))
                     .then(
                         [this](Reconfigured&& r) {
                           if (r.kind == Reconfigured::Kind::applied) config = kj::mv(candidate);
                           candidate = nullptr;
                           return kj::mv(r);
                         },
                         [this](kj::Exception&& e) -> Reconfigured {
                           candidate = nullptr;
                           kj::throwFatalException(kj::mv(e));
                         });
  return work.run(kj::mv(outcome)).then([call](Reconfigured&& r) mutable {
    auto out = call.getResults().initOutcome();
    switch (r.kind) {
      case Reconfigured::Kind::applied:
        out.setApplied();
        break;
      case Reconfigured::Kind::needsRestart:
        out.setNeedsRestart(r.why.c_str());
        break;
      case Reconfigured::Kind::rejected:
        r.problems.writeTo(out.initRejected(r.problems.items().size()));
        break;
    }
  });
}

kj::Promise<void> PluginServer::drain(DrainContext call) {
  call.allowCancellation();
  if (plugin == nullptr) return kj::READY_NOW;
  return work.run(running().drain(call.getParams().getDeadlineMs() * kj::MILLISECONDS));
}

kj::Promise<void> PluginServer::health(HealthContext call) {
  auto out = call.getResults();
  out.setLive(true);
  out.setLoopDelayUs(worstLoopDelay / kj::MICROSECONDS);
  worstLoopDelay = 0 * kj::SECONDS;
  if (!started) {
    out.setReady(false);
    out.setMessage("starting");
    return kj::READY_NOW;
  }
  auto health = running().health();
  out.setReady(health.ready);
  out.setMessage(health.message);
  return kj::READY_NOW;
}

kj::Promise<void> PluginServer::metrics(MetricsContext call) {
  if (started) running().collect();
  auto text = context.metrics().text();
  KJ_REQUIRE(text.size() <= 1024 * 1024, "the metrics of this instance exceed 1 MiB", text.size());
  call.getResults().setText(text.c_str());
  return kj::READY_NOW;
}

kj::Promise<void> PluginServer::command(CommandContext call) {
  call.allowCancellation();
  auto params = call.getParams();
  if (params.getName() == "maitred.log-level") {  // `ctl log-level`: filtered here, before the pipe
    auto level = log::parseLevel(params.getInput().cStr());
    KJ_REQUIRE(level.has_value(), "no such log level", params.getInput());
    context.log().setLevel(*level);
    return kj::READY_NOW;
  }
  if (params.getName() == "maitred.refresh") return work.run(running().refresh());
  return work.run(running().command(params.getName(), params.getInput()))
      .then([call](kj::String&& output) mutable { call.getResults().setOutput(output); });
}

plugin::Plugin::Client servePlugin(const PluginClass& type, Surroundings surroundings) {
  return kj::heap<PluginServer>(type, kj::mv(surroundings));
}

}  // namespace maitred
