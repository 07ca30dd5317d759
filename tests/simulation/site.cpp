#include "world.h"

namespace maitred::simulation {

Site::Site(std::string name, kj::Timer& timer, const kj::Clock& clock, std::uint64_t seed,
           sim::Settings settings)
    : name(std::move(name)),
      nodes(settings.nodes),
      cluster(settings, (clock.now() - kj::UNIX_EPOCH) / kj::NANOSECONDS),
      wire(timer, seed),
      timer(timer),
      clock(clock) {}

void Site::start() {
  runner = kj::heap<sim::SimRunner>(cluster, name, ++lives, timer, clock);
}

void Site::crash() {
  wire.cut();
  runner = nullptr;
}

void Site::reconnect() {
  wire.connect(runner->server().client());
}

void Site::nodeEvent(const std::string& node, sim::NodeEvent event) {
  if (up()) {
    runner->script({0, node, event});
  } else {
    cluster.script(nowNs(), {0, node, event});
  }
}

}  // namespace maitred::simulation
