// What `maitred check` says of this backend's config, and what becomes of it.
#include "config.h"

#include <capnp/message.h>
#include <gtest/gtest.h>

#include <unistd.h>

namespace maitred::local {
namespace {

class ConfigTest : public ::testing::Test {
 protected:
  ~ConfigTest() noexcept override {}
  // "error nodes.1.ports: text" for each problem.
  std::vector<std::string> check(uint32_t hostUid = 0) {
    Problems problems;
    checkConfig(config.asReader(), problems, hostUid);
    std::vector<std::string> lines;
    for (auto& item : problems.items()) {
      std::string line = item.severity == plugin::Severity::WARNING ? "warning " : "error ";
      for (auto& part : item.path) line += part + ".";
      line.back() = ':';
      lines.push_back(line + " " + item.message + "; " + item.hint);
    }
    return lines;
  }
  void expectOne(const std::vector<std::string>& lines, const std::string& begin,
                 const std::string& text) {
    ASSERT_EQ(lines.size(), 1u);
    EXPECT_EQ(lines[0].find(begin), 0u) << lines[0];
    EXPECT_NE(lines[0].find(text), std::string::npos) << lines[0];
  }
  Settings settings() { return settingsFrom(config.asReader(), "/state"); }
  void nodes(std::vector<const char*> names) {
    auto list = config.initNodes(uint(names.size()));
    for (uint i = 0; i < list.size(); ++i) list[i].setName(names[i]);
  }

  capnp::MallocMessageBuilder message;
  LocalConfig::Builder config = message.initRoot<LocalConfig>();
};

TEST_F(ConfigTest, Defaults_AreFine) {
  EXPECT_EQ(check(0).size(), 0u);
  EXPECT_EQ(check(1000).size(), 0u);
  auto made = settings();
  ASSERT_EQ(made.nodes.size(), 1u);
  EXPECT_EQ(made.nodes[0].address, "127.0.0.1");
  EXPECT_GT(made.nodes[0].facts.capacity.cpuMillis, 0u);
  EXPECT_EQ(made.workFolder, "/state/work");
}

TEST_F(ConfigTest, NodesGetAddressesAndPortsOfTheirOwn) {
  nodes({"a", "b"});
  config.getNodes()[1].initResources().setCpus(64'000);
  EXPECT_EQ(check().size(), 0u);
  auto made = settings();
  EXPECT_EQ(made.nodes[1].address, "127.0.0.2");
  EXPECT_EQ(made.nodes[1].facts.capacity.cpuMillis, 64'000u);
  EXPECT_EQ(made.nodes[1].facts.capacity.ports[0].first, 32000);
  EXPECT_EQ(made.nodes[1].facts.capacity.ports[0].last, 32999);
}

TEST_F(ConfigTest, NodesThatCannotBe) {
  nodes({"a", "a"});
  expectOne(check(), "error nodes.1.name:", "'a'");
  nodes({"a", "b"});
  config.getNodes()[1].initPorts().setFirst(31500);
  config.getNodes()[1].getPorts().setLast(31600);
  expectOne(check(), "error nodes.1.ports:", "'a'");
  config.getNodes()[1].getPorts().setLast(31400);
  expectOne(check(), "error nodes.1.ports:", "below the first");
  nodes({"a"});
  config.getNodes()[0].setAddress("localhost");
  expectOne(check(), "error nodes.0.address:", "'localhost'");
  nodes({"a"});
  config.initResources().setCpus(1000);
  expectOne(check(), "error resources:", "below each node");
}

TEST_F(ConfigTest, RunAs_WhatOnlyRootCanDoIsAWarningForOthers) {
  config.initRunAs().setSubmitter();
  EXPECT_EQ(check(0).size(), 0u);
  expectOne(check(4242), "warning run_as:", "'4242'");
  EXPECT_NE(check(4242)[0].find("User="), std::string::npos);
  config.initRunAs().setFixed("nobody");
  auto nobody = findAccount(std::string("nobody"));
  ASSERT_TRUE(nobody);
  EXPECT_EQ(check(0).size(), 0u);
  EXPECT_EQ(check(nobody->uid).size(), 0u);  // its own account needs no change
  expectOne(check(4242), "warning run_as:", "root");
  config.initRunAs().setHost();
  EXPECT_EQ(check(4242).size(), 0u);
}

TEST_F(ConfigTest, RunAs_RootOnlyOnRequest) {
  config.initRunAs().setHost();
  expectOne(check(0), "error run_as:", "allow_root");
  config.initRunAs().setFixed("root");
  expectOne(check(0), "error run_as:", "allow_root");
  config.initRunAs().setSubmitter();
  config.setUnknownUser("root");
  expectOne(check(0), "error unknown_user:", "allow_root");
  config.setAllowRoot(true);
  EXPECT_EQ(check(0).size(), 0u);
}

TEST_F(ConfigTest, AccountsThatAreNotThere) {
  config.initRunAs().setFixed("nobody-knows-them");
  expectOne(check(0), "error run_as:", "'nobody-knows-them'");
  config.initRunAs().setSubmitter();
  config.setUnknownUser("nobody-knows-them");
  expectOne(check(0), "error unknown_user:", "'nobody-knows-them'");
}

}  // namespace
}  // namespace maitred::local
