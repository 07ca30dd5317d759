// Tasks: how they run and end, and what can be asked of them.
#include "contract.h"

#include <maitred/testing/harness.h>

#include <fstream>

namespace maitred::backend {
namespace {

using ::testing::SizeIs;

TEST_P(BackendContract, ExitCodesAreTold) {
  auto c = consumer("c");
  c.connect();
  c.launch("good", work(100));
  c.launch("bad", work(100, 3));
  auto good = c.untilEnd("good"), bad = c.untilEnd("bad");
  EXPECT_EQ(good.state, TaskState::SUCCEEDED);
  EXPECT_EQ(good.exitCode, 0);
  EXPECT_TRUE(good.commandStarted);
  EXPECT_EQ(good.nodeId, c.firstNode());
  EXPECT_GT(good.at, int64_t(1'600'000'000) * 1'000'000'000) << "unix nanoseconds";
  EXPECT_EQ(bad.state, TaskState::FAILED);
  EXPECT_EQ(bad.reason, Reason::EXITED);
  EXPECT_EQ(bad.exitCode, 3);
}

TEST_P(BackendContract, StatesComeInOrder) {
  auto c = consumer("c");
  c.connect();
  c.launch("a", work(200));
  c.untilEnd("a");
  int last = 0;
  for (auto& status : c.seen->tasks["a"]) {
    int rank = isTerminal(status.state) ? 4 : int(status.state);
    EXPECT_GE(rank, last) << nameOf(status.state).cStr();
    last = rank;
  }
  EXPECT_TRUE(c.reached("a", TaskState::RUNNING));
}

TEST_P(BackendContract, AnywhereIsPlacedByTheBackend) {
  if (!has(Feature::PLACE_ANYWHERE)) GTEST_SKIP() << "it places on nodes only";
  auto c = consumer("c");
  c.connect();
  auto pool = c.seen->nodes.begin()->second.facts.pool;
  EXPECT_EQ(c.launchAll({{.id = "a", .anywhere = true, .pool = pool}}, work(0)).at(0), "");
  EXPECT_TRUE(c.seen->nodes.contains(c.untilEnd("a").nodeId));
  EXPECT_EQ(c.launchAll({{.id = "b", .anywhere = true, .pool = "no-such-pool"}}, work(0)).at(0),
            "noRoom");
}

TEST_P(BackendContract, AKillAsksFirst) {
  auto c = consumer("c");
  c.connect();
  c.launch("a", [](TaskSpec::Builder spec) {
    spec.getCommand().setShell("exec sleep 60");
    set(spec, {{"SIM_RUN_MS", "60000"}});
  });
  EXPECT_TRUE(c.untilState("a", TaskState::RUNNING));
  c.kill("a", 10'000);
  auto end = c.untilEnd("a", 8);
  EXPECT_EQ(end.state, TaskState::KILLED);
  EXPECT_EQ(end.reason, Reason::KILLED_BY_CONSUMER);
  EXPECT_EQ(end.exitSignal, 15);
}

TEST_P(BackendContract, ASmallerGraceEscalates) {
  auto c = consumer("c");
  c.connect();
  c.launch("a", [](TaskSpec::Builder spec) {
    spec.getCommand().setShell("trap '' TERM; touch ready; sleep 60");
    set(spec, {{"SIM_RUN_MS", "60000"}, {"SIM_IGNORE_TERM", "1"}});
  });
  EXPECT_TRUE(c.untilState("a", TaskState::RUNNING));
  c.kill("a", 3'600'000);
  c.kill("a", 100);
  auto end = c.untilEnd("a", 10);
  EXPECT_EQ(end.state, TaskState::KILLED);
}

TEST_P(BackendContract, SignalsReachTheTask) {
  if (!has(Feature::SIGNALS)) GTEST_SKIP() << "it sends no signals";
  auto c = consumer("c");
  c.connect();
  c.launch("a", [](TaskSpec::Builder spec) {
    spec.getCommand().setShell("exec sleep 60");
    set(spec, {{"SIM_RUN_MS", "60000"}});
  });
  EXPECT_TRUE(c.untilState("a", TaskState::RUNNING));
  auto request = c.current().signalRequest();
  request.setTaskId("a");
  request.setNumber(2);
  c.wait(request.send().ignoreResult());
  auto end = c.untilEnd("a", 10);
  EXPECT_EQ(end.state, TaskState::FAILED);
  EXPECT_EQ(end.reason, Reason::SIGNALLED);
  EXPECT_EQ(end.exitSignal, 2);
}

TEST_P(BackendContract, TheRunTimeIsLimitedNextToTheTask) {
  auto c = consumer("c");
  c.connect();
  c.launch("a", [](TaskSpec::Builder spec) {
    work(60'000)(spec);
    spec.setRunMaxMs(300);
    spec.setKillGraceMs(100);
  });
  auto end = c.untilEnd("a", 15);
  EXPECT_EQ(end.state, TaskState::FAILED);
  EXPECT_EQ(end.reason, Reason::RAN_TOO_LONG);
}

TEST_P(BackendContract, PortsAreHandedOutAndTold) {
  auto c = consumer("c");
  c.connect();
  auto twoPorts = [](TaskSpec::Builder spec) {
    work(60'000)(spec);
    auto ports = spec.initPorts(2);
    ports[0].setName("http");
    ports[1].setName("admin");
  };
  EXPECT_EQ(c.launch("a", twoPorts), "");
  EXPECT_EQ(c.launch("b", twoPorts), "");
  std::set<uint16_t> ports;
  for (std::string id : {"a", "b"}) {
    ASSERT_TRUE(c.until([&]() { return c.last(id) != nullptr && !c.last(id)->endpoints.empty(); }));
    auto endpoints = c.last(id)->endpoints;
    ASSERT_THAT(endpoints, SizeIs(2));
    EXPECT_EQ(endpoints[0].name, "http");
    EXPECT_EQ(endpoints[1].name, "admin");
    for (auto& endpoint : endpoints) {
      EXPECT_FALSE(endpoint.host.empty());
      EXPECT_GT(endpoint.port, 0);
      ports.insert(endpoint.port);
    }
  }
  EXPECT_THAT(ports, SizeIs(4)) << "no port twice";
  for (auto id : {"a", "b"}) {
    c.kill(id, 0);
    c.untilEnd(id);
  }
}

TEST_P(BackendContract, FilesAreWrittenAndTheSandboxCanBeRead) {
  if (!has(Feature::SECRET_FILES) || !has(Feature::SEEKABLE_FILES))
    GTEST_SKIP() << "its sandboxes cannot be read, or its files are not secret";
  auto c = consumer("c");
  c.connect();
  c.launch("a", [](TaskSpec::Builder spec) {
    spec.getCommand().setShell("echo hello; sleep 60");
    set(spec, {{"SIM_RUN_MS", "60000"}, {"SIM_STDOUT", "hello\n"}});
    auto file = spec.initFiles(1)[0];
    file.setPath("secret.json");
    file.setContent("open sesame"_kj.asBytes());
  });
  EXPECT_TRUE(c.untilState("a", TaskState::RUNNING));
  auto ask = c.current().sandboxRequest();
  ask.setTaskId("a");
  auto sandbox = ask.send().wait(io.waitScope).getSandbox();
  auto read = [&](kj::StringPtr path, int64_t offset, uint32_t length) {
    auto request = sandbox.readRequest();
    request.setPath(path);
    request.setOffset(offset);
    request.setLength(length);
    auto response = c.wait(kj::Promise<capnp::Response<Sandbox::ReadResults>>(request.send()));
    auto data = response.getData().asChars();
    return std::string(data.begin(), data.size());
  };
  EXPECT_TRUE(c.until([&]() { return read("stdout", 0, 100) == "hello\n"; }));
  EXPECT_EQ(read("stdout", 2, 3), "llo");
  EXPECT_EQ(read("secret.json", 0, 100), "open sesame");
  EXPECT_NE(failure([&]() { read("../escape", 0, 1); }), std::nullopt);
  EXPECT_NE(failure([&]() { read("no-such-file", 0, 1); }), std::nullopt);
  auto browse = sandbox.browseRequest();
  auto entries = c.wait(kj::Promise<capnp::Response<Sandbox::BrowseResults>>(browse.send()));
  std::map<std::string, uint32_t> modes;
  for (auto entry : entries.getEntries()) {
    std::string path = entry.getPath().cStr();
    modes[path.substr(path.rfind('/') + 1)] = entry.getMode() & 0777;
  }
  EXPECT_EQ(modes["secret.json"], 0600u);
  EXPECT_TRUE(modes.contains("stdout"));
  c.kill("a", 0);
  c.untilEnd("a");
}

TEST_P(BackendContract, ProgressIsToldIfAskedFor) {
  if (!has(Feature::PROGRESS)) GTEST_SKIP() << "it does not read what tasks write";
  auto c = consumer("c");
  c.connect();
  // The second report comes once the first one was heard of, or after a minute.
  testing::TemporaryDirectory folder;
  std::string go = folder.path() + "/go";
  auto reporting = [&](TaskSpec::Builder spec) {
    spec.getCommand().setShell(
        kj::str("echo progress: 25 a; for i in $(seq 1200); do test -e ", go.c_str(),
                " && break; sleep 0.05; done; echo progress: 75 b"));
    set(spec, {{"SIM_RUN_MS", "600"}, {"SIM_PROGRESS", "25,75"}});
  };
  c.launch("asked", [&](TaskSpec::Builder spec) {
    reporting(spec);
    spec.initProgress().setPattern("progress: ([0-9]+) (.*)");
    spec.getProgress().setIntervalMs(50);
  });
  c.launch("unasked", reporting);
  c.until([&]() {
    for (auto& status : c.seen->tasks["asked"]) {
      if (status.progress) return true;
    }
    return false;
  });
  std::ofstream(go).close();
  auto end = c.untilEnd("asked");
  ASSERT_TRUE(end.progress);
  EXPECT_EQ(end.progress->percent, 75) << "the last report comes with the end";
  EXPECT_TRUE(end.progress->message);
  uint64_t sequence = 0;
  bool early = false;
  for (auto& status : c.seen->tasks["asked"]) {
    if (!status.progress) continue;
    EXPECT_GE(status.progress->sequence, sequence);
    sequence = status.progress->sequence;
    early |= status.state == TaskState::RUNNING && status.progress->percent == 25;
  }
  EXPECT_TRUE(early) << "the first report comes while it runs";
  EXPECT_EQ(c.untilEnd("unasked").progress, std::nullopt);
}

TEST_P(BackendContract, ExplainNeverFailsForAKnownTask) {
  auto c = consumer("c");
  c.connect();
  c.launch("a", work(60'000));
  EXPECT_TRUE(c.untilState("a", TaskState::RUNNING));
  auto explain = [&](kj::StringPtr id) {
    auto request = c.current().explainRequest();
    request.setTaskId(id);
    c.wait(request.send().ignoreResult());
  };
  explain("a");
  EXPECT_EQ(failure([&]() { explain("never"); }), kj::Exception::Type::FAILED);
  c.kill("a", 0);
  c.untilEnd("a");
}

}  // namespace
}  // namespace maitred::backend
