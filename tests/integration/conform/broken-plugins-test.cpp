// Each broken plugin fails the check that is about its fault, with words that name the fault.
#include "conform-run.h"

#include "../../sanitized.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

namespace maitred::host {
namespace {

using test::conform;
using test::failuresOf;
using ::testing::HasSubstr;

struct Fault {
  const char* plugin;
  const char* check;
  const char* isolation;  // "" where the check knows none
  const char* words;
};

std::string libraryOf(const char* plugin) {
  return std::string(getenv("MAITRED_BINARY_DIR")) + "/tests/broken-plugins/" + plugin + ".so";
}

// What AddressSanitizer sees first: it ends who crashes by itself, and keeps what was given back.
bool isTheSanitizers(std::string_view plugin) {
  bool told = plugin == "constructor-crashes" || plugin == "memory-leaks";
  return told && maitred::testing::UNDER_ASAN;
}

class Broken : public ::testing::TestWithParam<Fault> {};

TEST_P(Broken, IsFound) {
  const auto& fault = GetParam();
  if (isTheSanitizers(fault.plugin)) GTEST_SKIP() << "AddressSanitizer tells of it first";
  std::vector<std::string> words = {"--check", fault.check, "--timeout", "1"};
  if (*fault.isolation != '\0') words.insert(words.end(), {"--isolation", fault.isolation});
  auto run = conform(libraryOf(fault.plugin), words);
  EXPECT_EQ(run.outcome.exitCode, 1) << run.outcome.out << run.outcome.err;
  EXPECT_THAT(failuresOf(run), HasSubstr(fault.words));
}

// The words that a failed run ends with bring the same failure again; another seed another one.
TEST(Reproduce, BringsTheSameFailure) {
  auto of = [](std::vector<std::string> words) {
    words.insert(words.end(), {"--isolation", "process"});
    return failuresOf(conform(libraryOf("config-crashes"), words));
  };
  auto first = of({"--check", "config", "--seed", "7"});
  EXPECT_THAT(first, HasSubstr("`size` is "));
  EXPECT_EQ(of({"--reproduce", "7/config"}), first);
  EXPECT_NE(of({"--reproduce", "8/config"}), first);
}

const Fault faults[] = {
    {"constructor-crashes", "start", "process", "the worker ended (killed by signal 11 (SIGSEGV))"},
    {"constructor-crashes", "start", "inline", "its host ended (killed by signal 11 (SIGSEGV))"},
    {"start-throws", "start", "process", "start(): the moon is not full"},
    {"start-throws", "start", "inline", "start(): the moon is not full"},
    {"promise-broken", "start", "process", "promises maitred.backend.Backend, but start() did not"},
    {"health-throws", "start", "process", "no idea how I am"},
    {"health-without-reason", "start", "inline", "it is not ready, and not why"},
    {"second-symbol", "load", "", "it exports more than `maitred_plugin`: \"broken_helper\""},
    {"config-lies", "load", "", "its note says that its config struct is \"LiarConfig\""},
    {"config-crashes", "config", "process", "`size`"},
    {"config-crashes", "config", "inline", "its host ended (killed by signal 6 (SIGABRT))"},
    {"own-config-refused", "reconfigure", "process", "neither `applied` nor `needsRestart`"},
    {"loop-blocked", "health", "process", "something holds its loop"},
    {"loop-blocked", "health", "inline", "it held its loop for"},
    {"metrics-unreadable", "health", "process", "Prometheus"},
    {"drain-ignored", "drain-in-work", "process", "has not returned"},
    {"drain-ignored", "drain-in-work", "inline", "has not returned"},
    {"end-never-comes", "hang-up", "process", "its process still runs"},
    {"end-never-comes", "half-closed", "process", "its process still runs"},
    {"process-runs-on", "stop-in-start", "process", "its process still runs"},
    {"revocation-kills", "revoked", "process", "the worker ended (killed by signal 6 (SIGABRT))"},
    {"grants-kept", "start", "inline", "it has ended and still holds 1 capabilities"},
    {"descriptors-leak", "repeat", "inline", "each start and stop leaves 1 descriptors behind"},
    {"threads-leak", "repeat", "inline", "each start and stop leaves 1 threads behind"},
    {"memory-leaks", "repeat", "inline", "bytes of memory behind"},
    {"processes-left", "repeat", "process", "each start and stop leaves 1 processes behind"},
    {"garbage-kills", "listeners", "process", "the worker ended (killed by signal 6 (SIGABRT))"},
    {"backend-silent", "backend", "process", "the end of the snapshot has not come"},
};
INSTANTIATE_TEST_SUITE_P(All, Broken, ::testing::ValuesIn(faults), [](const auto& info) {
  std::string name = std::string(info.param.plugin) + "_" + info.param.check + "_" +
                     (*info.param.isolation == '\0' ? "file" : info.param.isolation);
  for (char& c : name) c = c == '-' ? '_' : c;
  return name;
});

}  // namespace
}  // namespace maitred::host
