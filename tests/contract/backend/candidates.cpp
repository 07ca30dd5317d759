#include "contract.h"

#ifdef MAITRED_HAS_SIM
#include "sim.capnp.h"
#endif
#ifdef MAITRED_HAS_LOCAL
#include "local.capnp.h"
#endif

namespace maitred::backend {
namespace {

constexpr uint64_t gib = uint64_t(1) << 30;

#ifdef MAITRED_HAS_SIM
void configureSim(testing::PluginUnderTest& plugin) {
  auto config = plugin.config<sim::SimConfig>();
  auto nodes = config.initNodes(1)[0];
  nodes.setName("node");
  nodes.setCount(2);
  nodes.setMem(64 * gib);
}
#endif

#ifdef MAITRED_HAS_LOCAL
void configureLocal(testing::PluginUnderTest& plugin) {
  auto config = plugin.config<local::LocalConfig>();
  config.initResources().setCpus(8'000);
  config.getResources().setMem(64 * gib);
  config.getResources().setDisk(64 * gib);
  config.initRunAs().setHost();
  config.setAllowRoot(true);
  config.setLimits(local::LimitMode::NONE);
  config.setWorkDirectory((plugin.stateDirectory() + "/work").c_str());
}
#endif

}  // namespace

const std::vector<Candidate>& candidates() {
  static const std::vector<Candidate> all = {
#ifdef MAITRED_HAS_SIM
      {"sim", "maitred-sim.so", &configureSim, false},
#endif
#ifdef MAITRED_HAS_LOCAL
      {"local", "maitred-local.so", &configureLocal, true},
#endif
  };
  return all;
}

std::string nameOfCase(const ::testing::TestParamInfo<Case>& info) {
  return std::string(std::get<0>(info.param).name) + "_" + testing::name(std::get<1>(info.param));
}

BackendContract::~BackendContract() {
  if (plugin == nullptr) return;
  KJ_IF_MAYBE (exception, kj::runCatchingExceptions([&]() { plugin->stop(); })) {
    ADD_FAILURE() << "the plugin did not stop: " << exception->getDescription().cStr();
  }
}

void BackendContract::start() {
  plugin = std::make_unique<testing::PluginUnderTest>(
      io, testing::PluginUnderTest::Options{
              .library = std::string(MAITRED_PLUGIN_DIR) + "/" + candidate().library,
              .isolation = std::get<1>(GetParam()),
              .instance = candidate().name,
              .stateDirectory = directory.path()});
  candidate().configure(*plugin);
  plugin->start();
}

bool BackendContract::has(Feature feature) {
  auto info = backend().infoRequest().send().wait(io.waitScope);
  for (auto mine : info.getInfo().getFeatures()) {
    if (mine == feature) return true;
  }
  return false;
}

void BackendContract::set(TaskSpec::Builder spec,
                          std::vector<std::pair<std::string, std::string>> variables) {
  auto out = spec.initEnvironment(variables.size());
  for (uint i = 0; i < out.size(); ++i) {
    out[i].setName(variables[i].first.c_str());
    out[i].setValue(variables[i].second.c_str());
  }
}

TestConsumer::Specify BackendContract::work(uint64_t ms, int exit) {
  return [ms, exit](TaskSpec::Builder spec) {
    spec.getCommand().setShell(kj::str("sleep ", ms / 1000, ".", ms % 1000 / 100, "; exit ", exit));
    set(spec, {{"SIM_RUN_MS", std::to_string(ms)}, {"SIM_EXIT", std::to_string(exit)}});
  };
}

}  // namespace maitred::backend
