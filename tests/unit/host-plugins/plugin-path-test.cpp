#include "host/plugins/plugin-path.h"

#include "elf-builder.h"
#include "host/plugins/describe.h"
#include "host/plugins/plugin-manifests.h"

#include <maitred/testing/harness.h>

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace maitred::host {
namespace {

namespace fs = std::filesystem;
using test::ElfBuilder;
using ::testing::HasSubstr;

class PluginPathTest : public ::testing::Test {
 protected:
  PluginPathTest() {
    fs::create_directories(root / "first");
    fs::create_directories(root / "second");
    fs::create_directories(root / "elsewhere");
  }

  fs::path write(const fs::path& name, const std::string& bytes) {
    std::ofstream(root / name, std::ios::binary) << bytes;
    chmod((root / name).c_str(), 0644);
    return root / name;
  }
  static std::string plugin(const char* name, const char* version) {
    ElfBuilder elf;
    elf.manifestNote = ElfBuilder::embedded([&](manifest::Embedded::Builder embedded) {
      embedded.getManifest().setName(name);
      embedded.getManifest().setVersion(version);
    });
    return elf.build();
  }
  PluginPath path() {
    return PluginPath({root / "first", root / "second", root / "absent"}, facts);
  }

  static std::string versionOf(const LibraryResult& result) {
    auto* library = std::get_if<LibraryPtr>(&result);
    return library == nullptr ? std::get<Refusal>(result).sentence()
                              : (*library)->manifest().getVersion().cStr();
  }

  HostFacts facts = ElfBuilder::facts();
  maitred::testing::TemporaryDirectory directory;
  fs::path root = fs::canonical(directory.path());
};

TEST(PluginPathDefaults, AreBesideTheExecutableThenTheSystems) {
  auto folders = PluginPath::defaultDirectories();
  auto prefix = fs::read_symlink("/proc/self/exe").parent_path().parent_path();
  ASSERT_EQ(folders.size(), 3u);
  EXPECT_EQ(folders[0], prefix / "lib/maitred");
  EXPECT_THAT(folders[1], ::testing::StartsWith(prefix.string())) << "where this build installs";
  EXPECT_THAT(folders[1], ::testing::EndsWith("/maitred"));
  EXPECT_EQ(folders[2], "/usr/lib/maitred");
}

TEST_F(PluginPathTest, EarlierDirectory_Wins) {
  write("first/maitred-a.so", plugin("maitred-a", "1.0.0"));
  write("second/maitred-a.so", plugin("maitred-a", "2.0.0"));
  write("second/maitred-b.so", plugin("maitred-b", "3.0.0"));
  auto plugins = path();
  EXPECT_EQ(versionOf(plugins.find("maitred-a")), "1.0.0");
  EXPECT_EQ(versionOf(plugins.find("maitred-a.so")), "1.0.0");
  EXPECT_EQ(versionOf(plugins.find("maitred-b")), "3.0.0");
  EXPECT_EQ(plugins.all().size(), 2u);
}

TEST_F(PluginPathTest, UnknownName_SuggestsTheNearest) {
  write("first/maitred-local.so", plugin("maitred-local", "1.0.0"));
  auto plugins = path();
  EXPECT_THAT(versionOf(plugins.find("maitred-loacl")),
              HasSubstr("did you mean \"maitred-local\"?"));
  auto refusal = std::get<Refusal>(plugins.find("completely-different"));
  EXPECT_EQ(refusal.kind, RefusalKind::notFound);
  EXPECT_THAT(refusal.sentence(), HasSubstr((root / "second").string()));
}

TEST_F(PluginPathTest, PathOutside_IsRefused) {
  auto outside = write("elsewhere/maitred-x.so", plugin("maitred-x", "1.0.0"));
  auto plugins = path();
  auto refusal = std::get<Refusal>(plugins.find(outside.string()));
  EXPECT_EQ(refusal.kind, RefusalKind::outside);
  EXPECT_THAT(refusal.sentence(), HasSubstr("plugins are taken from"));
}

TEST_F(PluginPathTest, LinkThatLeavesTheDirectory_IsRefused) {
  auto outside = write("elsewhere/maitred-x.so", plugin("maitred-x", "1.0.0"));
  fs::create_symlink(outside, root / "first/maitred-x.so");
  auto plugins = path();
  auto refusal = std::get<Refusal>(plugins.find("maitred-x"));
  EXPECT_EQ(refusal.kind, RefusalKind::outside);
  EXPECT_THAT(refusal.sentence(), HasSubstr("leads to " + outside.string()));
  auto dotted = (root / "first/../elsewhere/maitred-x.so").string();
  EXPECT_EQ(std::get<Refusal>(plugins.find(dotted)).kind, RefusalKind::outside);
}

TEST_F(PluginPathTest, SiblingWithTheSamePrefix_IsOutside) {
  fs::create_directories(root / "first-copy");
  auto file = write("first-copy/maitred-x.so", plugin("maitred-x", "1.0.0"));
  auto plugins = path();
  EXPECT_EQ(std::get<Refusal>(plugins.find(file.string())).kind, RefusalKind::outside);
}

TEST_F(PluginPathTest, WorldWritable_IsRefused) {
  auto file = write("first/maitred-x.so", plugin("maitred-x", "1.0.0"));
  chmod(file.c_str(), 0666);
  auto plugins = path();
  EXPECT_EQ(std::get<Refusal>(plugins.find("maitred-x")).kind, RefusalKind::worldWritable);
  chmod(file.c_str(), 0644);
  EXPECT_EQ(versionOf(plugins.find("maitred-x")), "1.0.0");
  chmod((root / "first").c_str(), 0777);
  EXPECT_EQ(std::get<Refusal>(path().find("maitred-x")).kind, RefusalKind::worldWritable);
}

TEST_F(PluginPathTest, NoRegularFile_IsRefused) {
  fs::create_directories(root / "first/maitred-dir.so");
  mkfifo((root / "first/maitred-pipe.so").c_str(), 0600);
  auto plugins = path();
  EXPECT_EQ(std::get<Refusal>(plugins.find("maitred-dir")).kind, RefusalKind::unreadable);
  EXPECT_EQ(std::get<Refusal>(plugins.find("maitred-pipe")).kind, RefusalKind::unreadable);
}

TEST_F(PluginPathTest, ReplacedFile_IsReadAgain) {
  write("first/maitred-a.so", plugin("maitred-a", "1.0.0"));
  auto plugins = path();
  EXPECT_EQ(versionOf(plugins.find("maitred-a")), "1.0.0");
  write("first/new", plugin("maitred-a", "1.0.1"));
  fs::rename(root / "first/new", root / "first/maitred-a.so");
  EXPECT_EQ(versionOf(plugins.find("maitred-a")), "1.0.1");
}

TEST_F(PluginPathTest, Alias_FindsAlsoADifferentlyNamedFile) {
  write("first/maitred-cook.so", plugin("maitred-cook", "1.0.0"));
  write("second/renamed.so", plugin("acme-queue", "4.0.0"));
  auto plugins = path();
  ASSERT_NE(plugins.byAlias("cook"), nullptr);
  ASSERT_NE(plugins.byAlias("acme-queue"), nullptr);
  EXPECT_EQ(plugins.byAlias("maitred-cook"), nullptr);
  EXPECT_EQ(plugins.byAlias("chef"), nullptr);
}

TEST_F(PluginPathTest, Manifests_SearchTheConfigsFoldersFirst) {
  write("elsewhere/maitred-a.so", plugin("maitred-a", "9.0.0"));
  PluginManifests manifests({(root / "first").string()});
  kj::String where;
  EXPECT_TRUE(manifests.find("maitred-a", where) == nullptr);
  EXPECT_THAT(where.cStr(), HasSubstr("looked in"));
  manifests.searchIn({(root / "elsewhere").string()});
  // The builder's fingerprint is not this build's own: the refusal shows that the file was found.
  EXPECT_TRUE(manifests.find("maitred-a", where) == nullptr);
  EXPECT_THAT(where.cStr(), HasSubstr("elsewhere/maitred-a.so: it was built against capnp=test"));
}

TEST_F(PluginPathTest, List_ShowsPluginsAndRefusals) {
  write("first/maitred-a.so", plugin("maitred-a", "1.0.0"));
  write("first/broken.so", "not an ELF");
  auto results = path().all();
  std::ostringstream text, json;
  describeAll(text, results, false);
  EXPECT_THAT(text.str(), HasSubstr("NAME       VERSION  PROVIDES  DESCRIPTION\n"
                                    "maitred-a  1.0.0    Queue     Answers questions.\n"));
  EXPECT_THAT(text.str(), HasSubstr("broken.so: it is not an ELF file"));
  describeAll(json, results, true);
  EXPECT_THAT(json.str(), HasSubstr("\"kind\": \"not_elf\""));
  EXPECT_THAT(json.str(), HasSubstr("\"usage\": \"maitred a submit\""));
}

}  // namespace
}  // namespace maitred::host
