#include <maitred/backend/spec.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <capnp/message.h>

namespace maitred::backend {
namespace {

using testing::HasSubstr;

struct SpecTest : testing::Test {
  SpecTest() : spec(message->initRoot<TaskSpec>()) {
    spec.initCommand().setShell("true");
    spec.initResources().setCpuMillis(1000);
    spec.getResources().setMemoryBytes(1 << 20);
  }
  std::string fault() { return faultIn(spec.asReader()).value_or(""); }

  std::unique_ptr<capnp::MallocMessageBuilder> message =
      std::make_unique<capnp::MallocMessageBuilder>();
  TaskSpec::Builder spec;
};

TEST_F(SpecTest, DigestDependsOnContentAlone) {
  auto first = digestOf(spec);
  capnp::MallocMessageBuilder other;
  auto copy = other.initRoot<TaskSpec>();
  copy.setName("to be replaced");  // leaves a hole in the message
  copy.initResources().setMemoryBytes(1 << 20);
  copy.getResources().setCpuMillis(1000);
  copy.initCommand().setShell("true");
  copy.disownName();
  EXPECT_EQ(digestOf(copy), first);
  seal(copy);
  EXPECT_EQ(digestOf(copy), first) << "the field itself does not count";
  copy.getResources().setCpuMillis(1001);
  EXPECT_NE(digestOf(copy), first);
  EXPECT_THAT(faultIn(copy.asReader()).value(), HasSubstr("digest"));
  seal(copy);
  EXPECT_FALSE(faultIn(copy.asReader()));
}

TEST_F(SpecTest, EachFaultNamesItsField) {
  EXPECT_EQ(fault(), "");
  spec.getResources().setCpuMillis(0);
  EXPECT_THAT(fault(), HasSubstr("resources.cpuMillis"));
  spec.getResources().setCpuMillis(1);
  spec.getResources().setMemoryBytes(0);
  EXPECT_THAT(fault(), HasSubstr("resources.memoryBytes"));
  spec.getResources().setMemoryBytes(100);
  spec.initLimits().setMemoryBytes(99);
  EXPECT_THAT(fault(), HasSubstr("limits.memoryBytes"));
  spec.disownLimits();
  spec.getCommand().initArgv(0);
  EXPECT_THAT(fault(), HasSubstr("argv is empty"));
  spec.getCommand().setUnspecified();
  EXPECT_THAT(fault(), HasSubstr("command is not set"));
  spec.getCommand().setImageDefault();
  EXPECT_THAT(fault(), HasSubstr("container image"));
  spec.getCommand().setShell("x");
  for (auto path : {"/etc/passwd", "../up", "a/../b", "", "a//b", "."}) {
    auto file = spec.initFiles(1)[0];
    file.setPath(path);
    EXPECT_THAT(fault(), HasSubstr("files")) << path;
    file.setPath("a/b..c");
    EXPECT_EQ(fault(), "");
  }
  spec.initEnvironment(1)[0].setName("A=B");
  EXPECT_THAT(fault(), HasSubstr("environment"));
  spec.disownEnvironment();
  auto ports = spec.initPorts(2);
  ports[0].setName("http");
  ports[1].setName("http");
  EXPECT_THAT(fault(), HasSubstr("twice"));
  ports[1].setName("admin");
  spec.initProbe().setPortName("nope");
  EXPECT_THAT(fault(), HasSubstr("probe.portName"));
  spec.disownProbe();
  auto label = spec.initLabels(1)[0];
  label.setName("token");
  label.setSecret(true);
  EXPECT_THAT(fault(), HasSubstr("visible"));
  spec.disownLabels();
  spec.initFiles(1)[0].setPath("big");
  spec.getFiles()[0].initContent(300 * 1024);
  EXPECT_THAT(fault(), HasSubstr("bytes, the most is"));
}

TEST(ValidId, HasOneAlphabet) {
  EXPECT_TRUE(validId("a"));
  EXPECT_TRUE(validId("job-7"));
  EXPECT_TRUE(validId(std::string(63, 'x')));
  for (std::string bad : {std::string(), std::string(64, 'x'), std::string("A"), std::string("a/b"),
                          std::string("a_b"), std::string("ä"), std::string("a\0b", 3)}) {
    EXPECT_FALSE(validId(bad)) << bad;
  }
}

}  // namespace
}  // namespace maitred::backend
