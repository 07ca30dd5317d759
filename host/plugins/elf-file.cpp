#include "elf-file.h"

#include <elf.h>

#include <algorithm>
#include <cstring>

namespace maitred::host {

namespace {

constexpr uint64_t roundUp(uint64_t value, uint64_t align) {
  return (value + align - 1) / align * align;
}

// The notes of one segment or section, in order; those of another name are passed over.
void collectNotes(kj::ArrayPtr<const kj::byte> area, uint64_t align, std::string_view wanted,
                  std::vector<ElfNote>& out) {
  uint64_t offset = 0;
  while (offset < area.size()) {
    Elf64_Nhdr header;
    if (area.size() - offset < sizeof header) throw ElfError{"a note's header is cut off"};
    memcpy(&header, area.begin() + offset, sizeof header);
    uint64_t nameAt = offset + sizeof header;
    uint64_t contentAt = roundUp(nameAt + header.n_namesz, align);
    uint64_t end = contentAt + header.n_descsz;
    if (contentAt > area.size() || end > area.size()) {
      throw ElfError{"a note reaches beyond its segment"};
    }
    std::string_view name(reinterpret_cast<const char*>(area.begin() + nameAt), header.n_namesz);
    if (!name.empty() && name.back() == '\0') name.remove_suffix(1);
    if (name == wanted) {
      out.push_back({header.n_type, name, area.slice(contentAt, end)});
    }
    offset = roundUp(end, align);
  }
}

}  // namespace

ElfFile::ElfFile(kj::ArrayPtr<const kj::byte> bytes) : bytes(bytes) {
  if (bytes.size() < SELFMAG || memcmp(bytes.begin(), ELFMAG, SELFMAG) != 0) {
    throw NotElf{"it is not an ELF file"};
  }
  if (bytes.size() < sizeof(Elf64_Ehdr)) throw NotElf{"its ELF header is cut off"};
  auto header = at<Elf64_Ehdr>(0);
  // The architecture is in the same place for every class and byte order, so it can be named first.
  machineId = header.e_ident[EI_DATA] == ELFDATA2MSB ? __builtin_bswap16(header.e_machine)
                                                     : header.e_machine;
  if (header.e_ident[EI_CLASS] != ELFCLASS64) throw NotElf{"it is a 32-bit ELF file"};
  if (header.e_ident[EI_DATA] != ELFDATA2LSB) throw NotElf{"it is a big-endian ELF file"};
  if (header.e_type != ET_DYN) throw NotElf{"it is an ELF file, but not a shared object"};
}

template <typename T>
T ElfFile::at(uint64_t offset) const {
  if (offset > bytes.size() || bytes.size() - offset < sizeof(T)) {
    throw ElfError{"a table reaches beyond the end of the file"};
  }
  T value;
  memcpy(&value, bytes.begin() + offset, sizeof value);
  return value;
}

kj::ArrayPtr<const kj::byte> ElfFile::slice(const Range& range) const {
  if (range.offset > bytes.size() || bytes.size() - range.offset < range.size) {
    throw ElfError{"a segment or section reaches beyond the end of the file"};
  }
  return bytes.slice(range.offset, range.offset + range.size);
}

std::vector<ElfFile::Range> ElfFile::segments(uint32_t type) const {
  auto header = at<Elf64_Ehdr>(0);
  std::vector<Range> found;
  if (header.e_phnum == 0) return found;
  if (header.e_phentsize != sizeof(Elf64_Phdr))
    throw ElfError{"its program headers have an odd size"};
  if (header.e_phoff > bytes.size()) throw ElfError{"its program headers lie outside the file"};
  for (uint64_t i = 0; i < header.e_phnum; ++i) {
    auto segment = at<Elf64_Phdr>(header.e_phoff + i * sizeof(Elf64_Phdr));
    if (segment.p_type == type)
      found.push_back({segment.p_offset, segment.p_filesz, segment.p_align});
  }
  return found;
}

std::vector<ElfFile::Range> ElfFile::sections(uint32_t type) const {
  auto header = at<Elf64_Ehdr>(0);
  std::vector<Range> found;
  if (header.e_shnum == 0) return found;
  if (header.e_shentsize != sizeof(Elf64_Shdr))
    throw ElfError{"its section headers have an odd size"};
  if (header.e_shoff > bytes.size()) throw ElfError{"its section headers lie outside the file"};
  for (uint64_t i = 0; i < header.e_shnum; ++i) {
    auto section = at<Elf64_Shdr>(header.e_shoff + i * sizeof(Elf64_Shdr));
    if (section.sh_type == type) {
      found.push_back({section.sh_offset, section.sh_size, section.sh_addralign});
    }
  }
  return found;
}

std::vector<ElfNote> ElfFile::notes(std::string_view name) const {
  std::vector<ElfNote> found;
  auto collect = [&](const std::vector<Range>& ranges) {
    for (const auto& range : ranges) {
      collectNotes(slice(range), range.align == 8 ? 8 : 4, name, found);
    }
  };
  collect(segments(PT_NOTE));
  // A linker script may keep notes out of the segments; the sections still name them.
  if (found.empty()) collect(sections(SHT_NOTE));
  return found;
}

uint64_t ElfFile::dynamicFlags1() const {
  for (const auto& range : segments(PT_DYNAMIC)) {
    slice(range);
    for (uint64_t offset = 0; offset + sizeof(Elf64_Dyn) <= range.size;
         offset += sizeof(Elf64_Dyn)) {
      auto entry = at<Elf64_Dyn>(range.offset + offset);
      if (entry.d_tag == DT_NULL) break;
      if (entry.d_tag == DT_FLAGS_1) return entry.d_un.d_val;
    }
  }
  return 0;
}

std::vector<ElfFile::Symbol> ElfFile::exports() const {
  std::vector<Symbol> found;
  auto header = at<Elf64_Ehdr>(0);
  if (header.e_shnum == 0) return found;
  if (header.e_shoff > bytes.size()) throw ElfError{"its section headers lie outside the file"};
  auto section = [&](uint64_t index) {
    if (index >= header.e_shnum) throw ElfError{"a section refers to one that does not exist"};
    return at<Elf64_Shdr>(header.e_shoff + index * sizeof(Elf64_Shdr));
  };
  for (uint64_t i = 0; i < header.e_shnum; ++i) {
    auto table = section(i);
    if (table.sh_type != SHT_DYNSYM) continue;
    auto names = section(table.sh_link);
    auto text = slice({names.sh_offset, names.sh_size, 1}).asChars();
    auto symbols = slice({table.sh_offset, table.sh_size, 8});
    for (uint64_t offset = 0; offset + sizeof(Elf64_Sym) <= symbols.size();
         offset += sizeof(Elf64_Sym)) {
      auto entry = at<Elf64_Sym>(table.sh_offset + offset);
      if (entry.st_shndx == SHN_UNDEF || ELF64_ST_BIND(entry.st_info) == STB_LOCAL) continue;
      if (entry.st_name >= text.size()) continue;
      auto rest = std::string_view(text.begin(), text.size()).substr(entry.st_name);
      found.push_back(
          {rest.substr(0, rest.find('\0')), ELF64_ST_TYPE(entry.st_info) == STT_OBJECT});
    }
  }
  return found;
}

bool ElfFile::exportsData(std::string_view symbol) const {
  auto all = exports();
  return std::any_of(all.begin(), all.end(), [&](const Symbol& candidate) {
    return candidate.data && candidate.name == symbol;
  });
}

const char* machineName(uint16_t machine) {
  switch (machine) {
    case EM_386:
      return "x86 (32 bit)";
    case EM_X86_64:
      return "x86-64";
    case EM_ARM:
      return "ARM (32 bit)";
    case EM_AARCH64:
      return "AArch64";
    case EM_PPC64:
      return "PowerPC 64";
    case EM_S390:
      return "s390";
    case EM_RISCV:
      return "RISC-V";
    default:
      return "another architecture";
  }
}

}  // namespace maitred::host
