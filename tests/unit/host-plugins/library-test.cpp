#include "host/plugins/library.h"

#include "elf-builder.h"
#include "host/plugins/elf-file.h"

#include <gmock/gmock.h>

namespace maitred::host {
namespace {

using test::ElfBuilder;
using ::testing::HasSubstr;

LibraryResult read(const std::string& bytes) {
  kj::ArrayPtr<const kj::byte> view(reinterpret_cast<const kj::byte*>(bytes.data()), bytes.size());
  return readLibrary(view, "/plugins/probe.so", ElfBuilder::facts());
}

void expectRefused(const std::string& bytes, RefusalKind kind, const std::string& sentencePart) {
  auto result = read(bytes);
  auto* refusal = std::get_if<Refusal>(&result);
  ASSERT_NE(refusal, nullptr) << "accepted";
  EXPECT_EQ(refusal->kind, kind) << refusal->sentence();
  EXPECT_THAT(refusal->sentence(), HasSubstr(sentencePart));
  EXPECT_THAT(refusal->sentence(), HasSubstr("/plugins/probe.so"));
}

std::string withManifest(const std::function<void(manifest::Embedded::Builder)>& change) {
  ElfBuilder elf;
  elf.manifestNote = ElfBuilder::embedded(change);
  return elf.build();
}

TEST(Library, GoodFile_IsRead) {
  auto result = read(ElfBuilder().build());
  auto* library = std::get_if<LibraryPtr>(&result);
  ASSERT_NE(library, nullptr) << std::get<Refusal>(result).sentence();
  EXPECT_EQ((*library)->manifest().getName(), "maitred-probe");
  EXPECT_EQ((*library)->alias(), "probe");
  EXPECT_EQ((*library)->fingerprint(), "capnp=test");
  EXPECT_EQ((*library)->embedded().getAbiVersion(), 1u);
}

TEST(Library, NotElf_IsRefused) {
  expectRefused("#!/bin/sh\n", RefusalKind::notElf, "not an ELF file");
  expectRefused("", RefusalKind::notElf, "not an ELF file");
  expectRefused(
      "\x7f"
      "ELF",
      RefusalKind::notElf, "cut off");
  ElfBuilder narrow;
  narrow.elfClass = ELFCLASS32;
  expectRefused(narrow.build(), RefusalKind::notElf, "32-bit");
  ElfBuilder object;
  object.type = ET_REL;
  expectRefused(object.build(), RefusalKind::notElf, "not a shared object");
}

TEST(Library, ForeignArchitecture_IsNamed) {
  ElfBuilder elf;
  elf.machine = EM_AARCH64;
  expectRefused(elf.build(), RefusalKind::foreignArchitecture,
                "built for AArch64; this host runs on x86-64");
}

TEST(Library, WithoutNote_IsNoPlugin) {
  ElfBuilder elf;
  elf.noteName = "somebody";
  expectRefused(elf.build(), RefusalKind::noNote, "no maitred plugin");
}

TEST(Library, TruncatedNotes_AreRefused) {
  ElfBuilder overlong;
  overlong.extraNoteSize = 100000;
  expectRefused(overlong.build(), RefusalKind::truncatedNote, "beyond its segment");

  ElfBuilder odd;
  odd.manifestNote.resize(odd.manifestNote.size() - 3);
  expectRefused(odd.build(), RefusalKind::truncatedNote, "no whole number of words");

  ElfBuilder cut;
  cut.manifestNote.resize(cut.manifestNote.size() - 64);
  expectRefused(cut.build(), RefusalKind::truncatedNote, "cut off");

  ElfBuilder empty;
  empty.manifestNote.clear();
  expectRefused(empty.build(), RefusalKind::truncatedNote, "whole");
}

TEST(Library, EveryPrefixOfAFile_IsRefusedWithoutHarm) {
  auto file = ElfBuilder().build();
  for (size_t size = 0; size < file.size(); ++size) {
    // A heap copy of exactly this size, so that a sanitizer sees a read beyond it.
    auto copy = kj::heapArray<kj::byte>(size);
    memcpy(copy.begin(), file.data(), size);
    auto result = readLibrary(copy, "/plugins/probe.so", ElfBuilder::facts());
    EXPECT_TRUE(std::holds_alternative<Refusal>(result)) << "at " << size;
  }
}

TEST(Library, EveryByteTurned_NeverCrashes) {
  auto file = ElfBuilder().build();
  size_t refused = 0;
  for (size_t i = 0; i < file.size(); ++i) {
    auto damaged = file;
    damaged[i] = static_cast<char>(damaged[i] ^ 0xff);
    refused += std::holds_alternative<Refusal>(read(damaged)) ? 1 : 0;
  }
  EXPECT_GT(refused, file.size() / 10);
}

TEST(Library, OtherAbi_NamesBothVersions) {
  auto file = withManifest([](manifest::Embedded::Builder root) { root.setAbiVersion(7); });
  expectRefused(file, RefusalKind::otherAbi, "plugin ABI version 7; this host speaks version 1");
}

// The words of docs/plugins/compatibility.md.
TEST(Library, OtherAbi_SaysWhoIsToMove) {
  auto older = withManifest([](manifest::Embedded::Builder root) { root.setAbiVersion(0); });
  expectRefused(older, RefusalKind::otherAbi,
                "it has plugin ABI version 0; this host speaks version 1; build the plugin again "
                "with this host's SDK");
  auto newer = withManifest([](manifest::Embedded::Builder root) { root.setAbiVersion(2); });
  expectRefused(newer, RefusalKind::otherAbi,
                "it has plugin ABI version 2; this host speaks version 1; update this host, or "
                "build the plugin with this host's SDK");
}

TEST(Library, OtherFingerprint_NamesBoth) {
  ElfBuilder elf;
  elf.fingerprint = "capnp=9.9.9";
  expectRefused(elf.build(), RefusalKind::otherFingerprint,
                "built against capnp=9.9.9; this host is capnp=test");
  elf.fingerprint = "";
  expectRefused(elf.build(), RefusalKind::otherFingerprint, "does not say");
}

TEST(Library, OtherContract_NamesTheContract) {
  auto provider = withManifest([](manifest::Embedded::Builder root) {
    root.getManifest().getProvides()[0].setTypeId(0x1234);
  });
  expectRefused(provider, RefusalKind::otherContract, "maitred.queue.Queue as 1234");
  auto consumer = withManifest([](manifest::Embedded::Builder root) {
    root.getManifest().getRequires()[0].getInterface().setTypeId(0x99);
  });
  expectRefused(consumer, RefusalKind::otherContract, "maitred.backend.Backend as 99");
  auto plugin = withManifest([](manifest::Embedded::Builder root) { root.setPluginInterface(5); });
  expectRefused(plugin, RefusalKind::otherContract, "maitred.plugin.Plugin as 5");
}

TEST(Library, InvalidManifests_AreRefused) {
  expectRefused(withManifest([](auto root) { root.getManifest().setName("Bad Name"); }),
                RefusalKind::invalidManifest, "\"Bad Name\" is not of the form");
  expectRefused(withManifest([](auto root) {
                  auto commands = root.getManifest().initCommands(2);
                  commands[0].setName("list");
                  commands[1].setName("list");
                }),
                RefusalKind::invalidManifest, "`commands` names \"list\" twice");
  expectRefused(withManifest([](auto root) { root.setConfigType(0x77); }),
                RefusalKind::invalidManifest, "schema of its config struct is missing");
  expectRefused(withManifest([](auto root) {
                  root.getManifest().initListeners(1)[0].setName(std::string(80, 'a').c_str());
                }),
                RefusalKind::invalidManifest, "`listeners` has the name");
}

TEST(Library, MissingSymbol_IsNamed) {
  ElfBuilder elf;
  elf.symbol = "something_else";
  expectRefused(elf.build(), RefusalKind::missingSymbol, "maitred_plugin");
}

TEST(Library, MissingUnloadFlag_SaysHowToMend) {
  ElfBuilder elf;
  elf.flags1 = 0;
  expectRefused(elf.build(), RefusalKind::missingUnloadFlag, "-z nodelete");
}

// A few words that claim a list of half a billion empty structs must not be walked element by
// element.
TEST(Library, AmplifyingMessage_IsRefusedQuickly) {
  constexpr uint64_t elements = (1u << 29) - 1;
  std::vector<uint64_t> raw = {
      uint64_t(8) << 32,             // one segment of 8 words
      uint64_t(0x0003000300000000),  // root pointer: 3 data words, 3 pointers follow
      1,
      0xb1a6d2c0f47e5602,
      0,                                    // data: ABI version, plugin interface, no config
      0,                                    // manifest
      (uint64_t(7) << 32) | (1u << 2) | 1,  // nodes: a list of structs without words, one word on
      0,                                    // sources
      elements << 2,                        // the list's tag: so many elements, each empty
  };
  ElfBuilder elf;
  elf.manifestNote.assign(reinterpret_cast<const char*>(raw.data()), raw.size() * 8);
  expectRefused(elf.build(), RefusalKind::invalidManifest, "cannot be read");
}

TEST(ElfFile, OddTables_AreErrors) {
  auto file = ElfBuilder().build();
  Elf64_Ehdr header;
  auto damage = [&](auto change) {
    auto copy = file;
    memcpy(&header, copy.data(), sizeof header);
    change(header);
    memcpy(copy.data(), &header, sizeof header);
    return copy;
  };
  expectRefused(damage([](Elf64_Ehdr& h) { h.e_phoff = ~0ull; }), RefusalKind::truncatedNote,
                "outside");
  expectRefused(damage([](Elf64_Ehdr& h) { h.e_phnum = 60000; }), RefusalKind::truncatedNote,
                "beyond");
  expectRefused(damage([](Elf64_Ehdr& h) { h.e_phentsize = 1; }), RefusalKind::truncatedNote,
                "odd size");
  expectRefused(damage([](Elf64_Ehdr& h) { h.e_shoff = ~7ull; }), RefusalKind::truncatedNote,
                "outside");
  expectRefused(damage([](Elf64_Ehdr& h) { h.e_shnum = 0; }), RefusalKind::missingSymbol,
                "maitred_plugin");
}

TEST(ExportedSymbols, AreThoseOfTheDynamicTable) {
  auto names = exportedSymbols("/proc/self/exe");
  EXPECT_TRUE(std::is_sorted(names.begin(), names.end()));
  auto libc = exportedSymbols("/lib/x86_64-linux-gnu/libc.so.6");
  EXPECT_THAT(libc, ::testing::Contains("malloc"));
  EXPECT_THAT(libc, ::testing::Not(::testing::Contains("no_such_symbol")));
  EXPECT_THROW(exportedSymbols("/no/such/file.so"), kj::Exception);
  EXPECT_THROW(exportedSymbols("/etc/hostname"), kj::Exception);
}

}  // namespace
}  // namespace maitred::host
