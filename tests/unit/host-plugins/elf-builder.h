#pragma once
// Builds shared objects byte by byte, so that a test can get any single thing wrong.

#include "host/plugins/library.h"

#include <maitred/schema/manifest.capnp.h>

#include <elf.h>

#include <capnp/message.h>
#include <capnp/serialize.h>

#include <cstring>
#include <functional>
#include <string>

namespace maitred::host::test {

// A plugin's shared object as far as a reader of notes can tell. Public members are turned before
// build().
struct ElfBuilder {
  uint16_t machine = EM_X86_64;
  uint8_t elfClass = ELFCLASS64;
  uint16_t type = ET_DYN;
  std::string noteName = "maitred";
  std::string fingerprint = "capnp=test";
  std::string symbol = "maitred_plugin";
  uint64_t flags1 = DF_1_NODELETE;
  std::string manifestNote;    // bytes of note 1; default: a good manifest
  uint32_t extraNoteSize = 0;  // note 1 claims this many bytes more than there are

  ElfBuilder() {
    manifestNote = embedded([](manifest::Embedded::Builder) {});
  }

  // A flat message of a good manifest, changed by `change`.
  static std::string embedded(const std::function<void(manifest::Embedded::Builder)>& change) {
    capnp::MallocMessageBuilder message;
    auto root = message.initRoot<manifest::Embedded>();
    root.setAbiVersion(1);
    root.setPluginInterface(manifest::PLUGIN->getTypeId());
    auto manifest = root.initManifest();
    manifest.setName("maitred-probe");
    manifest.setVersion("1.2.3");
    manifest.setDescription("Answers questions.");
    manifest.initProvides(1).setWithCaveats(0, *manifest::QUEUE);
    auto requirement = manifest.initRequires(1)[0];
    requirement.setName("backends");
    requirement.setInterface(*manifest::BACKEND);
    auto command = manifest.initCommands(1)[0];
    command.setName("submit");
    command.setDescription("Submit a job.");
    change(root);
    auto words = capnp::messageToFlatArray(message);
    auto bytes = words.asBytes();
    return std::string(reinterpret_cast<const char*>(bytes.begin()), bytes.size());
  }

  static HostFacts facts() {
    auto facts = HostFacts::ours();
    facts.machine = EM_X86_64;
    facts.abiVersion = 1;
    facts.fingerprint = "capnp=test";
    return facts;
  }

  std::string build() const {
    std::string notes = note(1, manifestNote, extraNoteSize) + note(2, fingerprint, 0);
    std::string names = std::string(1, '\0') + symbol + '\0';
    std::string symbols = bytes(Elf64_Sym{}) + bytes(definition());
    std::string dynamic = bytes(Elf64_Dyn{DT_FLAGS_1, {flags1}}) + bytes(Elf64_Dyn{DT_NULL, {0}});

    uint64_t notesAt = sizeof(Elf64_Ehdr) + 2 * sizeof(Elf64_Phdr) + 3 * sizeof(Elf64_Shdr);
    uint64_t dynamicAt = notesAt + notes.size();
    uint64_t symbolsAt = dynamicAt + dynamic.size();
    uint64_t namesAt = symbolsAt + symbols.size();

    std::string file = bytes(header());
    file += bytes(segment(PT_NOTE, notesAt, notes.size()));
    file += bytes(segment(PT_DYNAMIC, dynamicAt, dynamic.size()));
    file += bytes(Elf64_Shdr{});
    file += bytes(section(SHT_DYNSYM, symbolsAt, symbols.size(), 2));
    file += bytes(section(SHT_STRTAB, namesAt, names.size(), 0));
    return file + notes + dynamic + symbols + names;
  }

 private:
  template <typename T>
  static std::string bytes(const T& value) {
    return std::string(reinterpret_cast<const char*>(&value), sizeof value);
  }
  static std::string padded(std::string text) {
    text.resize((text.size() + 3) / 4 * 4);
    return text;
  }
  std::string note(uint32_t kind, const std::string& content, uint32_t more) const {
    Elf64_Nhdr head{static_cast<uint32_t>(noteName.size() + 1),
                    static_cast<uint32_t>(content.size()) + more, kind};
    return bytes(head) + padded(noteName + '\0') + padded(content);
  }
  Elf64_Ehdr header() const {
    Elf64_Ehdr head{};
    memcpy(head.e_ident, ELFMAG, SELFMAG);
    head.e_ident[EI_CLASS] = elfClass;
    head.e_ident[EI_DATA] = ELFDATA2LSB;
    head.e_ident[EI_VERSION] = EV_CURRENT;
    head.e_type = type;
    head.e_machine = machine;
    head.e_phoff = sizeof head;
    head.e_phentsize = sizeof(Elf64_Phdr);
    head.e_phnum = 2;
    head.e_shoff = sizeof head + 2 * sizeof(Elf64_Phdr);
    head.e_shentsize = sizeof(Elf64_Shdr);
    head.e_shnum = 3;
    return head;
  }
  static Elf64_Phdr segment(uint32_t kind, uint64_t at, uint64_t size) {
    Elf64_Phdr result{};
    result.p_type = kind;
    result.p_offset = at;
    result.p_filesz = size;
    result.p_align = 4;
    return result;
  }
  static Elf64_Shdr section(uint32_t kind, uint64_t at, uint64_t size, uint32_t link) {
    Elf64_Shdr result{};
    result.sh_type = kind;
    result.sh_offset = at;
    result.sh_size = size;
    result.sh_link = link;
    return result;
  }
  Elf64_Sym definition() const {
    Elf64_Sym result{};
    result.st_name = 1;
    result.st_info = ELF64_ST_INFO(STB_GLOBAL, STT_OBJECT);
    result.st_shndx = 1;
    return result;
  }
};

}  // namespace maitred::host::test
