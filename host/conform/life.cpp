#include "life.h"

#include "body.h"
#include "host/runtime/membrane.h"

#include <kj/debug.h>

namespace maitred::host::conform {

namespace {

constexpr kj::Duration endWait = 2 * kj::SECONDS;  // for the end of a worker that was lost
constexpr size_t wordsMax = 400;

std::string described(const kj::Exception& exception) {
  std::string text = exception.getDescription().cStr();
  constexpr std::string_view prefix = "remote exception: ";
  while (text.starts_with(prefix)) text.erase(0, prefix.size());
  return text;
}

Launch launchOf(Trial& trial, std::vector<std::pair<std::string, int>> listeners) {
  const auto& instance = trial.subject.instance();
  return {trial.options.executable,
          trial.subject.library().path(),
          instance.name,
          instance.stateDirectory,
          trial.subject.policyPath(),
          "info",
          std::move(listeners)};
}

kj::Own<Body> bodyOf(Trial& trial, std::vector<std::pair<std::string, int>> listeners,
                     Transcript& words) {
  LoopIo io{*trial.io.lowLevelProvider, *trial.io.provider, trial.io.unixEventPort};
  auto launch = launchOf(trial, std::move(listeners));
  return trial.inlined() ? inlineBody(launch, io, words) : workerBody(launch, io, words);
}

bool inOrder(const std::string& how) {
  return how == "dropped" || how.starts_with("exit code ");
}

}  // namespace

Life::Life(Trial& trial)
    : trial(trial),
      world(trial),
      sockets(trial.subject),
      words(std::make_unique<Transcript>()),
      body(bodyOf(trial, sockets.sockets(), *words)),
      membrane(kj::refcounted<Revocable>()) {
  client = membrane->wrap(body->plugin());
  watching = body->whenGone()
                 .then([this](std::string how) { ended = std::move(how); })
                 .eagerlyEvaluate(nullptr)
                 .fork();
}

Life::~Life() noexcept(false) = default;

plugin::Plugin::Client Life::plugin() {
  return KJ_REQUIRE_NONNULL(client, "its host has hung up");
}

int Life::pid() const {
  return body->pid();
}

kj::Promise<void> Life::starting() {
  return starting(trial.subject.instance().config());
}

kj::Promise<void> Life::starting(capnp::AnyPointer::Reader config) {
  auto request = plugin().startRequest();
  request.setHost(world.host());
  if (!config.isNull()) request.initConfig().set(config);
  auto edges = world.edges();
  auto grants = request.initGrants(edges.size());
  for (size_t i = 0; i < edges.size(); ++i) {
    grants[i].setRequirement(edges[i].requirement.c_str());
    grants[i].setInstance(edges[i].provider.c_str());
    grants[i].setInterfaceId(edges[i].interfaceId);
    grants[i].setCapability(kj::mv(edges[i].capability));
  }
  return request.send().then([this](auto&& started) {
    for (auto provided : started.getProvides()) {
      ids.push_back(provided.getInterfaceId());
      capabilities.insert_or_assign(provided.getInterfaceId(), provided.getCapability());
    }
  });
}

kj::Promise<void> Life::activating() {
  return plugin().activateRequest().send().ignoreResult();
}

kj::Promise<HealthSeen> Life::asking() {
  auto asked = trial.timer().now();
  return plugin().healthRequest().send().then([this, asked](auto&& answer) {
    return HealthSeen{answer.getLive(), answer.getReady(), answer.getMessage().cStr(),
                      answer.getLoopDelayUs() * kj::MICROSECONDS, trial.timer().now() - asked};
  });
}

kj::Promise<void> Life::draining(kj::Duration deadline) {
  auto request = plugin().drainRequest();
  request.setDeadlineMs(static_cast<uint32_t>(deadline / kj::MILLISECONDS));
  return request.send().ignoreResult();
}

void Life::await(kj::Promise<void>&& promise, kj::Duration limit) {
  KJ_IF_MAYBE (exception, exceptionOf([&]() { trial.within(kj::mv(promise), limit); })) {
    lost(*exception);
    kj::throwFatalException(kj::mv(*exception));
  }
}

// A broken connection has its reason in the worker's end.
void Life::lost(const kj::Exception& why) {
  if (trial.inlined() || why.getType() != kj::Exception::Type::DISCONNECTED) return;
  auto gone = watching.addBranch();
  KJ_IF_MAYBE (late, exceptionOf([&]() { trial.within(kj::mv(gone), endWait); })) {
    return;
  }
  trial.fail("the worker ended (" + ended + ")" + lastWords());
}

std::string Life::lastWords() const {
  auto lines = words->lastLines();
  // A stack says nothing in one line.
  std::erase_if(lines, [](const std::string& line) {
    return line.find("[0x") != line.npos || line.ends_with("its stack:");
  });
  std::string text;
  for (auto line = lines.rbegin(); line != lines.rend() && text.size() < wordsMax; ++line) {
    text = *line + (text.empty() ? "" : " | ") + text;
  }
  if (text.size() > wordsMax) text = "…" + text.substr(text.size() - wordsMax);
  return text.empty() ? "" : "; it said: " + text;
}

void Life::start() {
  KJ_IF_MAYBE (exception, exceptionOf([&]() {
                 await(starting());
                 await(activating());
               })) {
    trial.fail(described(*exception) + lastWords());
  }
}

HealthSeen Life::health() {
  HealthSeen seen;
  KJ_IF_MAYBE (exception, exceptionOf([&]() { seen = await(asking()); })) {
    trial.fail(Trial::isLate(*exception)
                   ? "health() gave " + described(*exception) + ": something holds its loop"
                   : "health() failed: " + described(*exception));
  }
  if (!seen.live) trial.fail("it says that it is not live: " + seen.message);
  if (!seen.ready && seen.message.empty()) {
    trial.fail("health() says that it is not ready, and not why: give the message");
  }
  return seen;
}

void Life::untilReady() {
  auto end = trial.timer().now() + trial.patience();
  for (;;) {
    auto seen = health();
    if (seen.ready) return;
    if (trial.timer().now() > end) {
      trial.fail("it is not ready after " + shortTime(trial.patience()) + ": " + seen.message);
    }
    trial.pause(5 * kj::MILLISECONDS);
  }
}

kj::Maybe<capnp::Capability::Client> Life::provided(uint64_t interfaceId) {
  auto found = capabilities.find(interfaceId);
  if (found == capabilities.end()) return nullptr;
  return found->second;
}

void Life::hangUp() {
  letGo();
  membrane->revoke(KJ_EXCEPTION(DISCONNECTED, "the host hangs up"));
}

void Life::letGo() {
  capabilities.clear();
  client = nullptr;
  body->hangUp();
}

void Life::finishSending() {
  body->finishSending();
}

void Life::untilGone() {
  auto gone = watching.addBranch();
  KJ_IF_MAYBE (exception,
               exceptionOf([&]() { trial.within(kj::mv(gone), trial.patience()); })) {
    if (!Trial::isLate(*exception)) kj::throwFatalException(kj::mv(*exception));
    trial.fail(trial.inlined() ? "it lives on " + shortTime(trial.patience()) +
                                     " after its host dropped it: something still holds it"
                               : "its process still runs " + shortTime(trial.patience()) +
                                     " after its host hung up" + lastWords());
  }
  if (!inOrder(ended)) trial.fail("the worker ended (" + ended + ")" + lastWords());
  trial.io.waitScope.poll();
  if (world.held() > 0) {
    trial.fail("it has ended and still holds " + std::to_string(world.held()) +
               " capabilities that it was granted");
  }
}

void Life::stop() {
  constexpr kj::Duration deadline = 1 * kj::SECONDS;
  await(draining(deadline), deadline + trial.patience());
  // Without revoking what it was granted, which would take from it what it fails to give back.
  letGo();
  untilGone();
  if (ended != "dropped" && ended != "exit code 0") {
    trial.fail("after an orderly end it returned " + ended + lastWords());
  }
}

}  // namespace maitred::host::conform
