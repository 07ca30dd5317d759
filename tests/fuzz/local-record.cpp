// Any bytes as the files beside a sandbox: they are read in every field, or taken as damaged. The
// first byte says which file: r (record) or e (ended).

#include <shim/record-files.h>
#include <stored-facts.h>

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace {

using namespace maitred::local;

// One for the process, removed at its end.
const std::string& folder() {
  static const std::string path = [] {
    const char* base = std::getenv("TMPDIR");
    std::string made = std::string(base == nullptr ? "/tmp" : base) + "/maitred-fuzz-record-XXXXXX";
    if (mkdtemp(made.data()) == nullptr) std::abort();
    return made;
  }();
  static const int removal = std::atexit([] {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  });
  (void)removal;
  return path;
}

void require(bool holds) {
  if (!holds) std::abort();
}

// What was read can be told, and written down again.
void check(const TaskFacts& facts) {
  capnp::MallocMessageBuilder message;
  auto record = message.initRoot<Record>();
  writeFacts(facts, record);
  require(factsFrom(record.asReader()).startedAt == facts.startedAt);
  auto status = statusOf(facts);
  require(!maitred::backend::isTerminal(status.state));
  require(status.endpoints.size() == grantsOf(facts).size());
  capnp::MallocMessageBuilder told;
  maitred::backend::write("t", status, told.initRoot<maitred::backend::TaskStatus>());
}

void check(const EndFactsOnDisk& end) {
  auto status = statusOf(TaskFacts(), end);
  require(maitred::backend::isTerminal(status.state));
  capnp::MallocMessageBuilder told;
  maitred::backend::write("t", status, told.initRoot<maitred::backend::TaskStatus>());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  bool record = data[0] == 'r';
  const char* name = record ? RECORD : ENDED;
  std::ofstream(folder() + "/" + name, std::ios::binary)
      .write(reinterpret_cast<const char*>(data + 1), static_cast<std::streamsize>(size - 1));
  static const int open = ::open(folder().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (record) {
    if (auto facts = readFacts(open)) check(*facts);
  } else {
    if (auto end = readEnd(open, ENDED)) check(*end);
  }
  return 0;
}
