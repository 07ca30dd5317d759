// Any bytes as a plugin's shared object: they are read as a plugin, or refused with a sentence;
// nothing outside of them is touched.

#include "host/plugins/describe.h"
#include "tests/unit/host-plugins/elf-builder.h"

#include <cstdlib>
#include <sstream>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace maitred::host;
  static const HostFacts facts = test::ElfBuilder::facts();
  // A copy of exactly this size, so that a sanitizer sees a read beyond it.
  auto file = kj::heapArray<kj::byte>(size);
  if (size > 0) memcpy(file.begin(), data, size);
  auto result = readLibrary(file, "/plugins/fuzz.so", facts);
  std::ostringstream out;
  if (auto* refusal = std::get_if<Refusal>(&result)) {
    if (refusal->sentence().size() < 20) abort();
  } else {
    describe(out, *std::get<LibraryPtr>(result), true);
    describe(out, *std::get<LibraryPtr>(result), false);
  }
  return 0;
}
