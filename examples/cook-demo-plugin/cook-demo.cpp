// A plugin that a queue asks: whether jobs may be submitted, and whether they may start.
#include "rules.h"

#include <maitred/plugin.h>
#include <maitred/schema/queue-extensions.capnp.h>

#include <memory>

namespace cook_demo {

namespace queue = maitred::queue;
using maitred::Reconfigured;

namespace {

// The queue may let go of them later than the host of the plugin, so they share the rules.
class Validator final : public queue::SubmissionValidator::Server {
 public:
  explicit Validator(std::shared_ptr<const Rules> rules) : rules(std::move(rules)) {}

  kj::Promise<void> validate(ValidateContext context) override {
    auto jobs = context.getParams().getJobs();
    auto verdicts = context.getResults().initVerdicts(jobs.size());
    for (unsigned i = 0; i < jobs.size(); ++i) {
      if (auto text = rules->refusal(jobs[i].getJob().getName().cStr())) {
        verdicts[i].setRejected(*text);
      } else {
        verdicts[i].setAccepted();
      }
    }
    return kj::READY_NOW;
  }

 private:
  std::shared_ptr<const Rules> rules;
};

class Filter final : public queue::LaunchFilter::Server {
 public:
  Filter(std::shared_ptr<const Rules> rules, const kj::Clock& clock)
      : rules(std::move(rules)), clock(clock) {}

  kj::Promise<void> filter(FilterContext context) override {
    auto jobs = context.getParams().getJobs();
    auto verdicts = context.getResults().initVerdicts(jobs.size());
    int64_t now = (clock.now() - kj::UNIX_EPOCH) / kj::MILLISECONDS;
    for (unsigned i = 0; i < jobs.size(); ++i) {
      auto name = jobs[i].getCandidate().getJob().getName();
      if (auto* rule = rules->deferral(name.cStr(), jobs[i].getDeferrals())) {
        verdicts[i].setDeferred(rule->message);
        verdicts[i].setExpiresAt(now + rule->holdMs);
      } else {
        verdicts[i].setAccepted();
        verdicts[i].setExpiresAt(now + 60'000);
      }
    }
    return kj::READY_NOW;
  }

 private:
  std::shared_ptr<const Rules> rules;
  const kj::Clock& clock;
};

}  // namespace

class Demo final : public maitred::PluginOf<DemoConfig> {
 public:
  explicit Demo(maitred::Context& context) : context(context) {}

  kj::Promise<void> start(DemoConfig::Reader config, maitred::Grants&) override {
    *rules = Rules(config);
    context.provide<queue::SubmissionValidator>(kj::heap<Validator>(rules));
    context.provide<queue::LaunchFilter>(kj::heap<Filter>(rules, context.clock()));
    return kj::READY_NOW;
  }

  // What the queue has been told already holds as long as it was told.
  kj::Promise<Reconfigured> reconfigure(DemoConfig::Reader config) override {
    *rules = Rules(config);
    return Reconfigured::applied();
  }

 private:
  maitred::Context& context;
  std::shared_ptr<Rules> rules = std::make_shared<Rules>();
};

}  // namespace cook_demo

MAITRED_PLUGIN(cook_demo::Demo)
