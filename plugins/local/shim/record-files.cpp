#include "record-files.h"

#include "posix.h"

#include <cerrno>
#include <cstring>

namespace maitred::local {

void writeEnding(const Ending& ending, Ended::Builder out) {
  out.setState(ending.state);
  out.setReason(ending.reason);
  out.setMessage(ending.message.substr(0, 4000));
  if (ending.code) out.getExit().setCode(*ending.code);
  if (ending.signal) out.getExit().setSignal(*ending.signal);
}

bool writeMessage(int folder, const char* name, capnp::MessageBuilder& message) {
  auto words = capnp::messageToFlatArray(message);
  return writeWhole(folder, name, words.asBytes());
}

StoredMessage::StoredMessage(int folder, const char* name) {
  auto bytes = readSmallFile(folder, name, 4 << 20);
  if (!bytes) {
    found = errno != ENOENT && errno != ENOTDIR;
    return;
  }
  found = true;
  if (bytes->empty() || bytes->size() % sizeof(capnp::word) != 0) return;
  words = kj::heapArray<capnp::word>(bytes->size() / sizeof(capnp::word));
  memcpy(words.begin(), bytes->data(), bytes->size());
  if (kj::runCatchingExceptions([&]() {
        auto candidate = kj::heap<capnp::FlatArrayMessageReader>(words.asPtr());
        candidate->getRoot<capnp::AnyPointer>().targetSize();  // walks it: a cut file fails here
        reader = kj::mv(candidate);
      }) != nullptr) {
    reader = nullptr;
  }
}

}  // namespace maitred::local
