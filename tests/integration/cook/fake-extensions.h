#pragma once
// Extensions of the queue in the test's own process: what they say is the test's, and so is whether
// they answer at all.

#include <maitred/schema/queue-extensions.capnp.h>

#include <functional>
#include <map>
#include <memory>

namespace maitred::cook {

// What all of them share.
struct FakeWords {
  enum class Mood { answers, fails, hangs, fewAnswers };
  Mood mood = Mood::answers;
  int calls = 0;
  std::function<void(queue::Candidate::Reader, queue::SubmissionVerdict::Builder)> validate =
      [](auto, auto verdict) { verdict.setAccepted(); };
  std::function<void(queue::Candidate::Reader, queue::JobChange::Builder)> modify =
      [](auto, auto change) { change.setUnchanged(); };
  std::function<void(queue::Candidate::Reader, queue::JobChange::Builder)> adjust = modify;
  std::function<void(queue::WaitingJob::Reader, queue::LaunchVerdict::Builder)> filter =
      [](auto, auto verdict) { verdict.setAccepted(); };
  std::function<void(queue::EndedInstance::Reader)> completed = [](auto) {};
  std::map<std::string, std::string> routes;  // from the name of a job to a pool
  std::map<std::string, std::pair<std::string, double>> moves;  // by user
  double cpusMost = 0;

  // The answer to a call that would give so many.
  template <typename Answer>
  kj::Promise<void> act(unsigned count, Answer&& answer) {
    ++calls;
    switch (mood) {
      case Mood::fails:
        return KJ_EXCEPTION(FAILED, "the rules are out of order");
      case Mood::hangs:
        return kj::NEVER_DONE;
      case Mood::fewAnswers:
        answer(count - 1);
        return kj::READY_NOW;
      case Mood::answers:
        answer(count);
    }
    return kj::READY_NOW;
  }
};

class FakeExtension final : public queue::SubmissionValidator::Server,
                            public queue::SubmissionModifier::Server,
                            public queue::JobRouter::Server,
                            public queue::JobAdjuster::Server,
                            public queue::PoolMover::Server,
                            public queue::JobShapes::Server,
                            public queue::LaunchFilter::Server,
                            public queue::CompletionHandler::Server {
 public:
  explicit FakeExtension(std::shared_ptr<FakeWords> words) : words(std::move(words)) {}

  DispatchCallResult dispatchCall(
      uint64_t interfaceId, uint16_t methodId,
      capnp::CallContext<capnp::AnyPointer, capnp::AnyPointer> context) override {
    using capnp::typeId;
    if (interfaceId == typeId<queue::SubmissionValidator>()) {
      return queue::SubmissionValidator::Server::dispatchCall(interfaceId, methodId, context);
    }
    if (interfaceId == typeId<queue::SubmissionModifier>()) {
      return queue::SubmissionModifier::Server::dispatchCall(interfaceId, methodId, context);
    }
    if (interfaceId == typeId<queue::JobRouter>()) {
      return queue::JobRouter::Server::dispatchCall(interfaceId, methodId, context);
    }
    if (interfaceId == typeId<queue::JobAdjuster>()) {
      return queue::JobAdjuster::Server::dispatchCall(interfaceId, methodId, context);
    }
    if (interfaceId == typeId<queue::PoolMover>()) {
      return queue::PoolMover::Server::dispatchCall(interfaceId, methodId, context);
    }
    if (interfaceId == typeId<queue::JobShapes>()) {
      return queue::JobShapes::Server::dispatchCall(interfaceId, methodId, context);
    }
    if (interfaceId == typeId<queue::CompletionHandler>()) {
      return queue::CompletionHandler::Server::dispatchCall(interfaceId, methodId, context);
    }
    return queue::LaunchFilter::Server::dispatchCall(interfaceId, methodId, context);
  }

  kj::Promise<void> validate(ValidateContext context) override {
    auto jobs = context.getParams().getJobs();
    return words->act(jobs.size(), [&](unsigned count) {
      auto verdicts = context.getResults().initVerdicts(count);
      for (unsigned i = 0; i < count; ++i) words->validate(jobs[i], verdicts[i]);
    });
  }
  kj::Promise<void> modify(ModifyContext context) override {
    auto jobs = context.getParams().getJobs();
    return words->act(jobs.size(), [&](unsigned count) {
      auto changes = context.getResults().initChanges(count);
      for (unsigned i = 0; i < count; ++i) words->modify(jobs[i], changes[i]);
    });
  }
  kj::Promise<void> adjust(AdjustContext context) override {
    auto jobs = context.getParams().getJobs();
    return words->act(jobs.size(), [&](unsigned count) {
      auto changes = context.getResults().initChanges(count);
      for (unsigned i = 0; i < count; ++i) words->adjust(jobs[i], changes[i]);
    });
  }
  kj::Promise<void> route(RouteContext context) override {
    auto jobs = context.getParams().getJobs();
    return words->act(jobs.size(), [&](unsigned count) {
      auto pools = context.getResults().initPools(count);
      for (unsigned i = 0; i < count; ++i) {
        pools.set(i, words->routes[jobs[i].getJob().getName().cStr()]);
      }
    });
  }
  kj::Promise<void> moves(MovesContext context) override {
    auto owners = context.getParams().getOwners();
    return words->act(owners.size(), [&](unsigned count) {
      auto moves = context.getResults().initMoves(count);
      for (unsigned i = 0; i < count; ++i) {
        const auto& [to, portion] = words->moves[owners[i].getUser().cStr()];
        moves[i].setTo(to);
        moves[i].setPortion(portion);
      }
    });
  }
  kj::Promise<void> shapes(ShapesContext context) override {
    auto asked = context.getParams().getPools();
    return words->act(asked.size(), [&](unsigned count) {
      auto pools = context.getResults().initPools(count);
      for (unsigned i = 0; i < count; ++i) {
        auto type = pools[i].initTypes(1)[0];
        type.setName("standard");
        type.setCpus(words->cpusMost);
      }
    });
  }
  kj::Promise<void> filter(FilterContext context) override {
    auto jobs = context.getParams().getJobs();
    return words->act(jobs.size(), [&](unsigned count) {
      auto verdicts = context.getResults().initVerdicts(count);
      for (unsigned i = 0; i < count; ++i) words->filter(jobs[i], verdicts[i]);
    });
  }
  kj::Promise<void> completed(CompletedContext context) override {
    auto ended = context.getParams().getInstances();
    return words->act(ended.size(), [&](unsigned count) {
      for (unsigned i = 0; i < count; ++i) words->completed(ended[i]);
    });
  }

 private:
  std::shared_ptr<FakeWords> words;
};

// As the queue gets it.
template <typename Interface>
typename Interface::Client fakeExtension(std::shared_ptr<FakeWords> words) {
  kj::Own<typename Interface::Server> server = kj::heap<FakeExtension>(std::move(words));
  return kj::mv(server);
}

}  // namespace maitred::cook
