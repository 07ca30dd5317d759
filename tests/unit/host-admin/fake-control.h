#pragma once
// A Control with one healthy and one failing instance, which notes what it was told.

#include "host/admin/control.h"

#include <kj/debug.h>

namespace maitred::host::test {

class FakeControl final : public Control {
 public:
  void status(admin::HostStatus::Builder out) override {
    out.setVersion("1.2.3");
    out.setPid(77);
    out.setStartedAt(1700000000000000000);
    out.setConfigFile("/etc/maitred.yaml");
    out.setState(state);
    auto instances = out.initInstances(2);
    instances[0].setName("local");
    instances[0].setPlugin("maitred-local");
    instances[0].setState(admin::InstanceState::ACTIVE);
    instances[0].setReady(localReady);
    instances[0].setMessage(localReady ? "" : "disk full");
    instances[0].setMemoryBytes(3 << 20);
    instances[1].setName("cook");
    instances[1].setPlugin("maitred-cook");
    instances[1].setState(cookState);
    instances[1].setReady(true);
    instances[1].setRestarts(4);
    instances[1].setLastFailure("killed by signal 9");
    auto lines = instances[1].initLastLog(1);
    lines.set(0, "error: out of eggs");
  }

  void grants(admin::Admin::GrantsResults::Builder out) override {
    auto edge = out.initEdges(1)[0];
    edge.setConsumer("cook");
    edge.setRequirement("backends");
    edge.setProvider("local");
    edge.setInterface("maitred.backend.Backend");
    edge.setConnected(true);
    edge.setCalls(10);
    auto buckets = edge.initLatencyUs(3);
    uint64_t bounds[] = {100, 1000, ~0ull};
    uint64_t counts[] = {6, 9, 10};
    for (uint i = 0; i < 3; ++i) {
      buckets[i].setUpTo(bounds[i]);
      buckets[i].setCount(counts[i]);
    }
  }

  kj::Promise<ReloadReport> reload(bool dryRun) override {
    ReloadReport report;
    report.accepted = dryRun;
    report.report = dryRun ? "" : "maitred.yaml:3:1: error: no\n";
    report.changes = {{"cook", admin::Action::RESTARTED, "listen.rest"}};
    return report;
  }
  kj::Promise<void> drain(kj::StringPtr instance, uint32_t deadlineMs) override {
    told = kj::str("drain ", instance, " ", deadlineMs).cStr();
    return kj::READY_NOW;
  }
  kj::Promise<void> restart(kj::StringPtr instance) override {
    KJ_REQUIRE(instance == "cook" || instance == "local", "there is no such instance", instance);
    told = kj::str("restart ", instance).cStr();
    return kj::READY_NOW;
  }
  kj::Promise<std::vector<InstanceMetrics>> instanceMetrics() override {
    return std::vector<InstanceMetrics>{
        {"local", "# TYPE jobs_total counter\njobs_total 3\n"},
        {"cook", "# TYPE jobs_total counter\njobs_total{user=\"ana\"} 5\nnonsense\n"}};
  }
  kj::Promise<kj::String> ask(kj::StringPtr instance, kj::StringPtr name,
                              kj::StringPtr input) override {
    return kj::str(instance, "/", name, "/", input);
  }
  std::string effectiveConfig() override { return "host: {}\n"; }
  std::string masked(std::string_view text) override {
    std::string out(text);
    for (size_t at; (at = out.find("secret")) != std::string::npos;) out.replace(at, 6, "***");
    return out;
  }

  admin::HostState state = admin::HostState::RUNNING;
  admin::InstanceState cookState = admin::InstanceState::ACTIVE;
  bool localReady = true;
  std::string told;
};

}  // namespace maitred::host::test
