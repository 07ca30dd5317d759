#pragma once
// ElfFile: the few facts of a 64-bit little-endian shared object that matter to us, from its bytes
// alone. Every offset and count comes from outside and is checked against the file's size before it
// is followed.

#include <kj/common.h>

#include <cstdint>
#include <string_view>
#include <vector>

namespace maitred::host {

// Thrown for a file whose tables point nowhere; the text completes "the file is damaged: …".
struct ElfError {
  const char* what;
};
struct NotElf {
  const char* what;
};

struct ElfNote {
  uint32_t type;
  std::string_view name;                 // without the closing zero
  kj::ArrayPtr<const kj::byte> content;  // points into the file
};

class ElfFile {
 public:
  // `bytes` must outlive the ElfFile. Throws NotElf if these are not the bytes of a 64-bit
  // little-endian ELF shared object.
  explicit ElfFile(kj::ArrayPtr<const kj::byte> bytes);

  uint16_t machine() const { return machineId; }
  // Notes of the given name in all PT_NOTE segments, or, if there is none, in all note sections.
  // Throws ElfError for a note that reaches beyond its segment.
  std::vector<ElfNote> notes(std::string_view name) const;
  // DT_FLAGS_1 of the dynamic section; 0 if it has none.
  uint64_t dynamicFlags1() const;
  // The global symbols that .dynsym defines, in its order.
  struct Symbol {
    std::string_view name;  // points into the file
    bool data;              // an object, not a function
  };
  std::vector<Symbol> exports() const;
  // Whether one of them is a data symbol of that name.
  bool exportsData(std::string_view symbol) const;

 private:
  struct Range {
    uint64_t offset;
    uint64_t size;
    uint64_t align;
  };
  template <typename T>
  T at(uint64_t offset) const;
  kj::ArrayPtr<const kj::byte> slice(const Range& range) const;
  std::vector<Range> segments(uint32_t type) const;
  std::vector<Range> sections(uint32_t type) const;

  kj::ArrayPtr<const kj::byte> bytes;
  uint16_t machineId = 0;
};

// The name of an e_machine value: "x86-64", "AArch64", …
const char* machineName(uint16_t machine);

}  // namespace maitred::host
