#pragma once
// Library: what a plugin's shared object says about itself, read without running one instruction of
// it.
//
//   auto result = readLibrary("/usr/lib/maitred/maitred-local.so");
//   if (auto* refusal = std::get_if<Refusal>(&result)) { … refusal->sentence() … }
//   auto& library = *std::get<LibraryPtr>(result);
//   library.manifest().getName();
//
// A Library is immutable; it owns a copy of the note, so that the file may be replaced afterwards.

#include "refusal.h"

#include <maitred/schema/manifest.capnp.h>

#include <capnp/serialize.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace maitred::host {

class Library {
 public:
  // `words` is the flat message of the note, examined before: see readLibrary().
  Library(std::string path, std::string fingerprint, kj::Array<capnp::word> words);

  // Absolute, symbolic links resolved.
  const std::string& path() const { return realPath; }
  // Build facts of KJ and the C++ runtime, as MAITRED_KJ_FINGERPRINT was when the plugin was
  // compiled.
  const std::string& fingerprint() const { return builtWith; }
  // Valid as long as the Library.
  manifest::Embedded::Reader embedded() const { return root; }
  manifest::Manifest::Reader manifest() const { return root.getManifest(); }
  // The manifest's name without a leading "maitred-": the word after `maitred` for its commands.
  std::string alias() const;

 private:
  static capnp::ReaderOptions unlimitedReads();

  std::string realPath;
  std::string builtWith;
  kj::Array<capnp::word> words;
  mutable capnp::FlatArrayMessageReader message;
  manifest::Embedded::Reader root;
};

using LibraryPtr = std::shared_ptr<const Library>;
using LibraryResult = std::variant<LibraryPtr, Refusal>;

// Against what a library is judged; the defaults are this build's own facts.
struct HostFacts {
  uint32_t abiVersion;
  std::string fingerprint;
  uint16_t machine;  // ELF e_machine
  struct Contract {
    std::string name;
    uint64_t typeId;
  };
  std::vector<Contract> contracts;  // interfaces of this SDK by name

  static const HostFacts& ours();
};

// Reads and judges one file: everything of RefusalKind but notFound and outside. Never runs its
// code and never throws for a bad file.
LibraryResult readLibrary(const std::string& path, const HostFacts& facts = HostFacts::ours());

// The same for the bytes of a file: pure, for tests and the fuzzer.
LibraryResult readLibrary(kj::ArrayPtr<const kj::byte> file, const std::string& path,
                          const HostFacts& facts = HostFacts::ours());

// Names of the dynamic symbols that a plugin's file defines, sorted. Throws kj::Exception, FAILED,
// for a file that readLibrary() would refuse for being unreadable or damaged.
std::vector<std::string> exportedSymbols(const std::string& path);

}  // namespace maitred::host
