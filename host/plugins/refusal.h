#pragma once
// Refusal: why a shared object is not taken as a plugin, in words that an operator can act on.

#include <string>

namespace maitred::host {

enum class RefusalKind {
  notFound,             // no such library in the plugin path, or no such file
  unreadable,           // the system refuses to open, stat or map it; not a regular file
  outside,              // its real path lies outside the plugin directories
  worldWritable,        // anybody could replace what it does
  notElf,               // not a 64-bit ELF shared object, or its tables point outside the file
  foreignArchitecture,  // built for another machine
  noNote,               // a shared object, but no plugin: no note named "maitred" of type 1
  truncatedNote,        // a note reaches beyond its section or file, or its message is cut off
  invalidManifest,    // the message reads, but says something impossible (a name, a duplicate, …)
  otherAbi,           // MAITRED_ABI_VERSION differs
  otherFingerprint,   // built against another KJ, libstdc++ ABI or sanitizer
  otherContract,      // a contract of ours under another type id
  missingSymbol,      // `maitred_plugin` is not exported
  missingUnloadFlag,  // not linked with -z nodelete
  loadFailed,         // the dynamic linker refuses it (only from loadPlugin)
};

// The kind's name as it appears in JSON output, e.g. "other_abi".
const char* nameOf(RefusalKind kind);

struct Refusal {
  RefusalKind kind;
  std::string path;    // the file, or what was asked for when there is none
  std::string found;   // "it has plugin ABI version 7"
  std::string needed;  // "this host speaks version 1"
  std::string mend;    // "rebuild it with this host's SDK"

  // One line: `<path>: <found>; <needed>; <mend>`.
  std::string sentence() const;
};

}  // namespace maitred::host
