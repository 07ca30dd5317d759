// A plugin whose file is replaced under a host that runs: its process is started again from the new
// one; inline the host says that it has to be started again.
#include "host-process.h"

#include <gmock/gmock.h>

#include <filesystem>

namespace maitred::host::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class NewLibrary : public ::testing::TestWithParam<const char*> {
 protected:
  HostProcess host{GetParam()};
  std::string library = host.folder() + "/own.so";

  void SetUp() override {
    putLibrary();
    host.write({{"trial", library, ""}, {"other", "test-trial", ""}});
    host.startAndSettle();
  }
  bool inlined() const { return std::string(GetParam()) == "inline"; }

  // The way in which a package is installed: written beside, then renamed.
  void putLibrary() {
    auto built = std::string(getenv("MAITRED_BINARY_DIR")) + "/lib/maitred-test/test-trial.so";
    std::filesystem::copy_file(built, library + ".new");
    std::filesystem::rename(library + ".new", library);
  }
  int64_t since(const std::string& instance) {
    auto answer = host.status();
    for (auto each : answer.getStatus().getInstances()) {
      if (each.getName() == instance.c_str()) return each.getSince();
    }
    return 0;
  }
};

INSTANTIATE_TEST_SUITE_P(, NewLibrary, ::testing::Values("process", "inline"),
                         [](const auto& info) { return std::string(info.param); });

TEST_P(NewLibrary, IsTakenByReloadOrTold) {
  auto before = since("trial"), otherBefore = since("other");
  putLibrary();
  auto answer = host.reload();
  ASSERT_TRUE(answer.getAccepted()) << answer.getReport().cStr();
  auto change = answer.getChanges()[0];
  ASSERT_EQ(change.getInstance(), "trial");
  if (inlined()) {
    EXPECT_EQ(change.getAction(), admin::Action::UNCHANGED);
    EXPECT_THAT(answer.getReport().cStr(), HasSubstr("own.so was built anew"));
    EXPECT_THAT(answer.getReport().cStr(), HasSubstr("when the host is started again"));
    EXPECT_EQ(since("trial"), before);
  } else {
    EXPECT_EQ(change.getAction(), admin::Action::RESTARTED);
    EXPECT_THAT(change.getDetail().cStr(), HasSubstr("the library was built anew"));
    EXPECT_GT(since("trial"), before);
    EXPECT_EQ(host.lastFailure("trial"), "");
  }
  EXPECT_EQ(since("other"), otherBefore);

  auto again = host.reload();
  EXPECT_EQ(again.getChanges()[0].getAction(), admin::Action::UNCHANGED);
}

TEST_P(NewLibrary, IsTakenByRestartOrTold) {
  putLibrary();
  auto request = host.admin().restartRequest();
  request.setInstance("trial");
  request.send().wait(host.scope());
  EXPECT_THAT(host.output(), HasSubstr("own.so was built anew"));
  EXPECT_THAT(host.output(),
              inlined() ? HasSubstr("when the host is started again") : HasSubstr("is loaded now"));
  auto answer = host.reload();
  EXPECT_EQ(answer.getChanges()[0].getAction(), admin::Action::UNCHANGED);
  EXPECT_EQ(std::string(answer.getReport().cStr()).find("own.so") != std::string::npos, inlined());
}

TEST_P(NewLibrary, ThatIsNoPluginRefusesTheReload) {
  std::filesystem::remove(library);
  std::filesystem::copy_file("/proc/self/exe", library);
  auto answer = host.reload();
  EXPECT_FALSE(answer.getAccepted());
  EXPECT_THAT(answer.getReport().cStr(), HasSubstr("own.so"));
  EXPECT_THAT(host.ask("trial", "pid"), Not(HasSubstr("FAILED")));
}

}  // namespace
}  // namespace maitred::host::test
