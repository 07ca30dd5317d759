#include "runner.h"
#include "settings.h"

#include <maitred/plugin.h>

#include <capnp/any.h>
#include <kj/debug.h>

namespace maitred::sim {

class SimPlugin final : public PluginOf<SimConfig> {
 public:
  explicit SimPlugin(Context& context) : context(context) {}

  static void check(SimConfig::Reader config, Problems& problems) {
    if (auto fault = tooManyNodes(config)) {
      problems.error({"nodes"}, *fault, "lower the counts");
      return;
    }
    std::set<std::string> ids;
    for (auto& node : settingsFrom(config).nodes) ids.insert(node.id);
    uint i = 0;
    for (auto line : config.getScript()) {
      if (!ids.contains(line.getNode().cStr())) {
        problems.error({"script", std::to_string(i), "node"},
                       std::string("no node has the id \"") + line.getNode().cStr() + "\"",
                       "nodes are called NAME-0, NAME-1, … after their template");
      }
      ++i;
    }
  }

  kj::Promise<void> start(SimConfig::Reader config, Grants&) override {
    auto settings = settingsFrom(config);
    auto count = settings.nodes.size();
    inForce = config;
    runner = kj::heap<SimRunner>(std::move(settings), config.getCluster().cStr(), context.timer(),
                                 context.clock());
    context.provide<backend::Backend>(current().server().client());
    context.log().info("simulates ", count, " nodes with seed ", config.getSeed());
    return kj::READY_NOW;
  }

  kj::Promise<Reconfigured> reconfigure(SimConfig::Reader config) override {
    const char* lost = ": simulated tasks do not outlive a restart";
    if (config.getCluster() != inForce.getCluster()) {
      return Reconfigured::needsRestart(std::string("the cluster's name has changed") + lost);
    }
    if (config.getSeed() != inForce.getSeed()) {
      return Reconfigured::needsRestart(std::string("the seed has changed") + lost);
    }
    if (capnp::AnyList::Reader(config.getScript()) != capnp::AnyList::Reader(inForce.getScript())) {
      return Reconfigured::needsRestart(std::string("the script has changed") + lost);
    }
    if (auto fault = tooManyNodes(config)) {
      Problems problems;
      problems.error({"nodes"}, *fault);
      return Reconfigured::rejected(problems);
    }
    current().change(settingsFrom(config));
    inForce = config;
    return Reconfigured::applied();
  }

  kj::Promise<void> drain(kj::Duration) override {
    current().server().drain();
    return kj::READY_NOW;
  }

  void collect() override {
    KJ_IF_MAYBE (r, runner) {
      auto counts = (*r)->server().counts();
      context.metrics()
          .gauge("maitred_sim_tasks", "tasks that the simulation knows")
          .set(counts.tasks);
      context.metrics().gauge("maitred_sim_nodes", "simulated nodes").set(counts.nodes);
    }
  }

 private:
  SimRunner& current() { return *KJ_ASSERT_NONNULL(runner); }
  Context& context;
  SimConfig::Reader inForce;
  kj::Maybe<kj::Own<SimRunner>> runner;
};

}  // namespace maitred::sim

MAITRED_PLUGIN(maitred::sim::SimPlugin)
