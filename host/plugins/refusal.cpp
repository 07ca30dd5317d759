#include "refusal.h"

namespace maitred::host {

const char* nameOf(RefusalKind kind) {
  switch (kind) {
    case RefusalKind::notFound:
      return "not_found";
    case RefusalKind::unreadable:
      return "unreadable";
    case RefusalKind::outside:
      return "outside";
    case RefusalKind::worldWritable:
      return "world_writable";
    case RefusalKind::notElf:
      return "not_elf";
    case RefusalKind::foreignArchitecture:
      return "foreign_architecture";
    case RefusalKind::noNote:
      return "no_note";
    case RefusalKind::truncatedNote:
      return "truncated_note";
    case RefusalKind::invalidManifest:
      return "invalid_manifest";
    case RefusalKind::otherAbi:
      return "other_abi";
    case RefusalKind::otherFingerprint:
      return "other_fingerprint";
    case RefusalKind::otherContract:
      return "other_contract";
    case RefusalKind::missingSymbol:
      return "missing_symbol";
    case RefusalKind::missingUnloadFlag:
      return "missing_unload_flag";
    case RefusalKind::loadFailed:
      return "load_failed";
  }
  return "unknown";
}

std::string Refusal::sentence() const {
  std::string text = path + ": " + found;
  if (!needed.empty()) text += "; " + needed;
  if (!mend.empty()) text += "; " + mend;
  return text;
}

}  // namespace maitred::host
