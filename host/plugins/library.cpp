#include "library.h"

#include "elf-file.h"
#include "host/base/failure.h"
#include "manifest-rules.h"

#include <maitred/abi.h>
#include <maitred/fingerprint.h>

#include <elf.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <capnp/dynamic.h>
#include <kj/debug.h>
#include <kj/io.h>

#include <algorithm>
#include <cstring>

namespace maitred::host {

namespace {

constexpr char noteName[] = "maitred";
constexpr uint32_t noteManifest = 1;
constexpr uint32_t noteFingerprint = 2;
constexpr size_t maxFileBytes = 4ull << 30;

std::string text(kj::String&& value) {
  return std::string(value.cStr(), value.size());
}

Refusal refuse(RefusalKind kind, const std::string& path, kj::String found, kj::StringPtr needed,
               kj::StringPtr mend) {
  return {kind, path, text(kj::mv(found)), needed.cStr(), mend.cStr()};
}

Refusal system(const std::string& path, const char* what, int error) {
  return refuse(RefusalKind::unreadable, path, kj::str(what, ": ", strerror(error)),
                "the host must be able to read it", "check the path and its permissions");
}

// The file, mapped for reading.
class Mapping {
 public:
  Mapping(int fd, size_t size) : length(size) {
    if (size > 0) memory = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
  }
  ~Mapping() {
    if (valid() && length > 0) munmap(memory, length);
  }
  KJ_DISALLOW_COPY(Mapping);
  bool valid() const { return memory != MAP_FAILED; }
  kj::ArrayPtr<const kj::byte> bytes() const {
    return {static_cast<const kj::byte*>(memory), length};
  }

 private:
  void* memory = nullptr;
  size_t length;
};

Refusal truncated(const std::string& path, kj::StringPtr what) {
  return refuse(RefusalKind::truncatedNote, path, kj::str("the file is damaged: ", what),
                "its manifest note must be whole", "copy or build the plugin again");
}

std::string fingerprintOf(const std::vector<ElfNote>& notes) {
  for (const auto& note : notes) {
    if (note.type != noteFingerprint) continue;
    std::string value(reinterpret_cast<const char*>(note.content.begin()), note.content.size());
    return value.substr(0, value.find('\0'));
  }
  return "";
}

// Reads every field below, so that later readers meet no pointer that throws. Untyped ones nobody
// reads.
void touch(capnp::DynamicValue::Reader value) {
  if (value.getType() == capnp::DynamicValue::LIST) {
    for (auto element : value.as<capnp::DynamicList>()) touch(element);
  } else if (value.getType() == capnp::DynamicValue::STRUCT) {
    auto fields = value.as<capnp::DynamicStruct>();
    for (auto field : fields.getSchema().getNonUnionFields()) touch(fields.get(field));
    KJ_IF_MAYBE (member, fields.which()) {
      touch(fields.get(*member));
    }
  }
}

// Walks all of the message once, under a limit: pointers that share a target can make a small
// message endless.
std::optional<Refusal> unreadableMessage(const std::string& path,
                                         kj::ArrayPtr<const capnp::word> words) {
  bool whole = false;
  capnp::ReaderOptions options;
  options.traversalLimitInWords = words.size() * 2 + 1024;
  KJ_IF_MAYBE (fault, kj::runCatchingExceptions([&]() {
                 capnp::FlatArrayMessageReader message(words, options);
                 whole = true;
                 touch(message.getRoot<manifest::Embedded>());
               })) {
    if (!whole) return truncated(path, "the manifest note is cut off");
    return refuse(RefusalKind::invalidManifest, path,
                  kj::str("its manifest cannot be read: ", fault->getDescription()), "",
                  "build the plugin again");
  }
  return std::nullopt;
}

// A message that is cut off is a damaged file; one that reads and makes no sense is a faulty
// plugin.
LibraryResult decode(const std::string& path, const std::vector<ElfNote>& notes) {
  const ElfNote* message = nullptr;
  for (const auto& note : notes) {
    if (note.type == noteManifest) message = &note;
  }
  if (message == nullptr) {
    return refuse(RefusalKind::noNote, path,
                  kj::str("it is a shared object, but no maitred plugin"),
                  "a plugin carries an ELF note named \"maitred\"",
                  "build it with maitred_add_plugin() and one MAITRED_PLUGIN(…)");
  }
  if (message->content.size() == 0 || message->content.size() % sizeof(capnp::word) != 0) {
    return truncated(path, "the manifest note is no whole number of words");
  }
  auto words = kj::heapArray<capnp::word>(message->content.size() / sizeof(capnp::word));
  memcpy(words.begin(), message->content.begin(), message->content.size());
  if (auto refusal = unreadableMessage(path, words)) return *refusal;
  return std::make_shared<const Library>(path, fingerprintOf(notes), kj::mv(words));
}

// Everything that can differ between a whole, readable plugin and this host.
std::optional<Refusal> judge(const ElfFile& elf, const Library& library, const HostFacts& facts) {
  const auto& path = library.path();
  auto embedded = library.embedded();
  if (embedded.getAbiVersion() != facts.abiVersion) {
    return refuse(RefusalKind::otherAbi, path,
                  kj::str("it has plugin ABI version ", embedded.getAbiVersion()),
                  kj::str("this host speaks version ", facts.abiVersion),
                  embedded.getAbiVersion() > facts.abiVersion
                      ? "update this host, or build the plugin with this host's SDK"
                      : "build the plugin again with this host's SDK");
  }
  if (library.fingerprint() != facts.fingerprint) {
    auto built = library.fingerprint().empty()
                     ? kj::str("it does not say which KJ it was built against")
                     : kj::str("it was built against ", library.fingerprint());
    return refuse(
        RefusalKind::otherFingerprint, path, kj::mv(built),
        kj::str("this host is ", facts.fingerprint, " and two KJs cannot share a process"),
        "build the plugin with this host's SDK, compiler settings and capnproto");
  }
  if (auto fault = foreignContract(embedded, facts)) {
    return refuse(RefusalKind::otherContract, path, kj::str(*fault),
                  "host and plugin must have the same contracts",
                  "build the plugin with this host's SDK");
  }
  if (auto fault = manifestFault(embedded)) {
    return refuse(RefusalKind::invalidManifest, path, kj::str("its manifest is invalid: ", *fault),
                  "", "mend the constant `manifest` in the plugin's schema");
  }
  if (!elf.exportsData("maitred_plugin")) {
    return refuse(RefusalKind::missingSymbol, path,
                  kj::str("it does not export the data symbol `maitred_plugin`"),
                  "the host enters a plugin there",
                  "put MAITRED_PLUGIN(YourClass) into exactly one source file and link with "
                  "maitred_add_plugin()");
  }
  if ((elf.dynamicFlags1() & DF_1_NODELETE) == 0) {
    return refuse(RefusalKind::missingUnloadFlag, path,
                  kj::str("it lacks the flag that keeps it from being unloaded (DF_1_NODELETE)"),
                  "unloading code that is still in use crashes the host",
                  "link it with `-z nodelete`, as maitred_add_plugin() does");
  }
  return std::nullopt;
}

std::optional<Refusal> tooOpen(const std::string& path, const struct stat& file) {
  if ((file.st_mode & S_IWOTH) != 0) {
    return refuse(RefusalKind::worldWritable, path, kj::str("anybody may write to it"),
                  "only its owner may change what the host runs", kj::str("chmod o-w ", path));
  }
  struct stat folder;
  std::string parent = path.substr(0, path.rfind('/'));
  if (parent.empty()) parent = "/";
  if (stat(parent.c_str(), &folder) == 0 && (folder.st_mode & S_IWOTH) != 0 &&
      (folder.st_mode & S_ISVTX) == 0) {
    return refuse(RefusalKind::worldWritable, path, kj::str("anybody may replace it in ", parent),
                  "only its owner may change what the host runs", kj::str("chmod o-w ", parent));
  }
  return std::nullopt;
}

}  // namespace

Library::Library(std::string path, std::string fingerprint, kj::Array<capnp::word> words)
    : realPath(std::move(path)),
      builtWith(std::move(fingerprint)),
      words(kj::mv(words)),
      message(this->words.asPtr(), unlimitedReads()),
      root(message.getRoot<manifest::Embedded>()) {}

capnp::ReaderOptions Library::unlimitedReads() {
  // The message is our own copy, walked again and again; unreadableMessage() has bounded one walk.
  capnp::ReaderOptions options;
  options.traversalLimitInWords = kj::maxValue;
  return options;
}

std::string Library::alias() const {
  std::string name = manifest().getName().cStr();
  constexpr std::string_view prefix = "maitred-";
  return name.starts_with(prefix) ? name.substr(prefix.size()) : name;
}

const HostFacts& HostFacts::ours() {
  static const HostFacts facts = [] {
    HostFacts result;
    result.abiVersion = MAITRED_ABI_VERSION;
    result.fingerprint = MAITRED_KJ_FINGERPRINT;
#if defined(__x86_64__)
    result.machine = EM_X86_64;
#elif defined(__aarch64__)
    result.machine = EM_AARCH64;
#else
#error "name this architecture's ELF machine here"
#endif
    for (auto contract :
         {*manifest::PLUGIN, *manifest::BACKEND, *manifest::QUEUE, *manifest::SERVICES,
          *manifest::KERNELS, *manifest::ADMIN, *manifest::LEADERSHIP}) {
      result.contracts.push_back({contract.getName().cStr(), contract.getTypeId()});
    }
    return result;
  }();
  return facts;
}

LibraryResult readLibrary(kj::ArrayPtr<const kj::byte> file, const std::string& path,
                          const HostFacts& facts) {
  try {
    ElfFile elf(file);
    if (elf.machine() != facts.machine) {
      return refuse(RefusalKind::foreignArchitecture, path,
                    kj::str("it is built for ", machineName(elf.machine())),
                    kj::str("this host runs on ", machineName(facts.machine)),
                    "build the plugin for this machine");
    }
    auto result = decode(path, elf.notes(noteName));
    if (auto* library = std::get_if<LibraryPtr>(&result)) {
      if (auto refusal = judge(elf, **library, facts)) return *refusal;
    }
    return result;
  } catch (const NotElf& fault) {
    return refuse(RefusalKind::notElf, path, kj::str(fault.what),
                  "a plugin is a 64-bit little-endian ELF shared object",
                  "check that the path is right");
  } catch (const ElfError& fault) {
    return truncated(path, fault.what);
  }
}

LibraryResult readLibrary(const std::string& path, const HostFacts& facts) {
  int raw = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (raw < 0) return system(path, "cannot open it", errno);
  kj::AutoCloseFd fd(raw);
  struct stat file;
  if (fstat(fd, &file) < 0) return system(path, "cannot examine it", errno);
  if (!S_ISREG(file.st_mode)) {
    return refuse(RefusalKind::unreadable, path, kj::str("it is not a regular file"), "",
                  "name the .so file itself");
  }
  if (auto refusal = tooOpen(path, file)) return *refusal;
  if (static_cast<uint64_t>(file.st_size) > maxFileBytes) {
    return refuse(RefusalKind::unreadable, path, kj::str("it is larger than 4 GiB"), "", "");
  }
  Mapping mapping(fd, file.st_size);
  if (!mapping.valid()) return system(path, "cannot map it", errno);
  return readLibrary(mapping.bytes(), path, facts);
}

std::vector<std::string> exportedSymbols(const std::string& path) {
  kj::AutoCloseFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat file;
  if (fd.get() < 0 || fstat(fd, &file) < 0) fail(path.c_str(), ": cannot read it");
  Mapping mapping(fd, file.st_size);
  if (!mapping.valid()) fail(path.c_str(), ": cannot map it");
  std::vector<std::string> names;
  try {
    for (const auto& symbol : ElfFile(mapping.bytes()).exports()) names.emplace_back(symbol.name);
  } catch (const NotElf& fault) {
    fail(path.c_str(), ": ", fault.what);
  } catch (const ElfError& fault) {
    fail(path.c_str(), ": the file is damaged: ", fault.what);
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace maitred::host
