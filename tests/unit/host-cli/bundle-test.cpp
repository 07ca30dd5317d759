// Limits of a support archive, and that nothing gets into it unmasked.
#include "host/cli/command.h"
#include "host/cli/support/bundle.h"

#include <maitred/testing/harness.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include <sys/stat.h>

namespace maitred::host::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

std::string withoutSecret(std::string_view text) {
  std::string out(text);
  for (size_t at; (at = out.find("secret")) != std::string::npos;) out.replace(at, 6, "***");
  return out;
}

std::string lines(size_t count) {
  std::string out;
  std::string rest(100, '.');
  for (size_t i = 0; i < count; ++i) {
    out += "line " + std::to_string(i) + " with a secret" + rest + "\n";
  }
  return out;
}

TEST(Bundle, MasksEveryText) {
  Bundle bundle(withoutSecret);
  bundle.add("a", "a secret");
  bundle.add("b", [] { return std::string("another secret"); });
  EXPECT_EQ(bundle.texts().at("a"), "a ***");
  EXPECT_EQ(bundle.texts().at("b"), "another ***");
}

TEST(Bundle, NeverCutsASecretInTwo) {
  Bundle bundle(withoutSecret);
  bundle.add("long", lines(10000));  // several pieces
  EXPECT_THAT(bundle.texts().at("long"), Not(HasSubstr("sec")));
}

TEST(Bundle, CutsWhatIsTooLongAtALine) {
  Bundle bundle(withoutSecret);
  auto text = lines(20000);
  bundle.add("first", text);
  bundle.add("last", text, Bundle::Keep::end);
  auto& first = bundle.texts().at("first");
  auto& last = bundle.texts().at("last");
  EXPECT_LT(first.size(), Bundle::textBytes + 200);
  EXPECT_THAT(first, AllOf(StartsWith("line 0 "), EndsWith("too long …]\n")));
  EXPECT_THAT(last, AllOf(StartsWith("\n[… the rest"), HasSubstr("\nline 19999 with a ***")));
}

TEST(Bundle, HasALimitForAllTexts) {
  Bundle bundle([](std::string_view text) { return std::string(text); });
  auto text = lines(10000);
  for (int i = 0; i < 40; ++i) bundle.add("text " + std::to_string(i), text);
  size_t size = 0;
  for (auto& [name, kept] : bundle.texts()) size += kept.size();
  EXPECT_LT(size, Bundle::totalBytes + 40 * 100);
}

TEST(Bundle, LeavesOutWhatCannotBeMaskedOrHad) {
  Bundle bundle([](std::string_view text) -> std::string {
    if (text.find("secret") != std::string_view::npos) throw Failure{"the host is gone"};
    return std::string(text);
  });
  bundle.add("a", "a secret");
  bundle.add("b", []() -> std::string { throw Failure{"no such thing"}; });
  EXPECT_TRUE(bundle.texts().empty());
  EXPECT_THAT(bundle.notes(), ElementsAre("a: secrets could not be taken out: the host is gone",
                                          "b: no such thing"));
}

TEST(WriteArchive, MakesANewFileOfModeSixHundred) {
  testing::TemporaryDirectory folder;
  auto file = folder.path() + "/support.tar.gz";
  umask(0);
  writeArchive({{"a.txt", "A"}, {"log/b.log", "B"}}, "top", file);
  struct stat info {};
  ASSERT_EQ(stat(file.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0600u);
  EXPECT_THROW(writeArchive({}, "top", file), Failure);
  EXPECT_THROW(writeArchive({}, "top", folder.path() + "/no/such/folder"), Failure);
  EXPECT_NE(stat((file + ".part").c_str(), &info), 0);
}

}  // namespace
}  // namespace maitred::host::cli
