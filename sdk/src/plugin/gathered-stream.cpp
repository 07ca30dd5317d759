#include <maitred/gathered-stream.h>

#include <kj/debug.h>
#include <kj/vector.h>

#include <algorithm>
#include <cstring>

#include <sys/socket.h>

namespace maitred {
namespace {

constexpr size_t readAhead = 64 * 1024;
constexpr size_t waitingMost = 64 * 1024;  // beyond it a writer waits
constexpr size_t large = 16 * 1024;        // neither copied nor delayed

using Bytes = kj::ArrayPtr<const kj::byte>;

class GatheredStream final : public kj::AsyncIoStream {
 public:
  explicit GatheredStream(kj::Own<kj::AsyncIoStream> inner) : inner(kj::mv(inner)) {}

  ~GatheredStream() noexcept(false) {
    if (waiting.empty() || underWay) return;
    KJ_IF_MAYBE (fd, inner->getFd()) {
      // Whoever reads may be gone; nobody is left to hear of it.
      [[maybe_unused]] auto sent =
          send(*fd, waiting.begin(), waiting.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    }
  }

  kj::Promise<size_t> tryRead(void* target, size_t least, size_t most) override {
    auto* to = static_cast<kj::byte*>(target);
    size_t had = take(to, most);
    if (had >= least) return had;
    if (most - had >= readAhead / 2) {
      return inner->tryRead(to + had, least - had, most - had).then([had](size_t got) {
        return had + got;
      });
    }
    if (buffer.size() == 0) buffer = kj::heapArray<kj::byte>(readAhead);
    return inner->tryRead(buffer.begin(), least - had, buffer.size())
        .then([this, to, had, most](size_t got) {
          unread = buffer.slice(0, got);
          return had + take(to + had, most - had);
        });
  }

  kj::Promise<void> write(const void* source, size_t size) override {
    Bytes one(static_cast<const kj::byte*>(source), size);
    if (size <= large) return append(kj::arrayPtr(&one, 1));
    return afterWaiting([this, one]() { return inner->write(one.begin(), one.size()); });
  }

  kj::Promise<void> write(kj::ArrayPtr<const Bytes> pieces) override {
    size_t size = 0;
    for (auto piece : pieces) size += piece.size();
    if (size <= large) return append(pieces);
    return afterWaiting([this, pieces]() { return inner->write(pieces); });
  }

  void shutdownWrite() override {
    if (flushDue) {
      endAfterFlush = true;
    } else {
      inner->shutdownWrite();
    }
  }
  void abortRead() override { inner->abortRead(); }
  void getsockopt(int level, int option, void* value, unsigned* length) override {
    inner->getsockopt(level, option, value, length);
  }
  kj::Promise<void> whenWriteDisconnected() override { return inner->whenWriteDisconnected(); }

 private:
  size_t take(kj::byte* to, size_t most) {
    size_t size = std::min(unread.size(), most);
    if (size > 0) memcpy(to, unread.begin(), size);
    unread = unread.slice(size, unread.size());
    return size;
  }

  kj::Promise<void> append(kj::ArrayPtr<const Bytes> pieces) {
    KJ_IF_MAYBE (fault, broken) return kj::cp(*fault);
    for (auto piece : pieces) waiting.addAll(piece);
    if (!flushDue) {
      flushDue = true;
      // Once nothing else is to be done on the loop, so that all answers of a turn go together.
      flushing = kj::evalLast([this]() {
                   return flush();
                 }).catch_([this](kj::Exception&& fault) {
                     broken = kj::mv(fault);
                   }).fork();
    }
    if (waiting.size() < waitingMost) return kj::READY_NOW;
    return flushing.addBranch();
  }

  kj::Promise<void> flush() {
    if (waiting.empty()) {
      flushDue = underWay = false;
      if (endAfterFlush) inner->shutdownWrite();
      return kj::READY_NOW;
    }
    underWay = true;
    auto bytes = waiting.releaseAsArray();
    auto written = inner->write(bytes.begin(), bytes.size());
    return written.attach(kj::mv(bytes)).then([this]() { return flush(); });
  }

  // Large writes keep their place behind what waits.
  template <typename Write>
  kj::Promise<void> afterWaiting(Write write) {
    if (!flushDue) return write();
    return flushing.addBranch().then([this, write]() -> kj::Promise<void> {
      KJ_IF_MAYBE (fault, broken) return kj::cp(*fault);
      return write();
    });
  }

  kj::Own<kj::AsyncIoStream> inner;
  kj::Array<kj::byte> buffer;
  kj::ArrayPtr<kj::byte> unread;
  kj::Vector<kj::byte> waiting;
  bool flushDue = false, underWay = false, endAfterFlush = false;
  kj::Maybe<kj::Exception> broken;
  kj::ForkedPromise<void> flushing = nullptr;
};

}  // namespace

kj::Own<kj::AsyncIoStream> gathered(kj::Own<kj::AsyncIoStream> inner) {
  return kj::heap<GatheredStream>(kj::mv(inner));
}

}  // namespace maitred
