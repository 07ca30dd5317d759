#pragma once
// What the files listener may take of the worker that it shares with the backend: few blocking
// calls at once, and so much memory for answers on their way to clients who read them slowly.
// All of it belongs to one loop.

#include <maitred/offload.h>

#include <kj/async.h>

#include <algorithm>
#include <deque>
#include <memory>
#include <optional>
#include <utility>

namespace maitred::local {

class FilesGate final : public std::enable_shared_from_this<FilesGate>,
                        private kj::TaskSet::ErrorHandler {
 public:
  // One less than the pool has threads: however slow the disk is for readers, the backend's own
  // calls find a thread, and never stand behind more than a few of these.
  static constexpr size_t AT_ONCE = 3;
  static constexpr size_t WAITING_MAX = 64;

  FilesGate() : running(*this) {}

  // So many requests wait that who comes now had better come again.
  bool full();

  // As offload(), once it is its turn. That lasts until `fn` has ended, also where the promise is
  // dropped before. `begun`: a piece of an answer that has begun; such ones are not among those
  // that full() counts.
  template <typename Func>
  auto run(Func fn, bool begun = false) -> kj::Promise<decltype(fn())> {
    using Result = decltype(fn());
    auto self = shared_from_this();
    return turn(begun).then([self, fn = kj::mv(fn)](kj::Own<Turn> turn) mutable {
      auto pair = kj::newPromiseAndFulfiller<Result>();
      auto told = std::make_shared<kj::Own<kj::PromiseFulfiller<Result>>>(kj::mv(pair.fulfiller));
      self->running.add(
          offload(kj::mv(fn))
              .then([told](Result&& result) { (*told)->fulfill(kj::mv(result)); },
                    [told](kj::Exception&& failure) { (*told)->reject(kj::mv(failure)); })
              .attach(kj::mv(turn)));
      return kj::mv(pair.promise);
    });
  }

 private:
  struct Turn {
    std::weak_ptr<FilesGate> gate;
    ~Turn() noexcept(false);
  };
  using Waiting = std::deque<kj::Own<kj::PromiseFulfiller<kj::Own<Turn>>>>;

  kj::Promise<kj::Own<Turn>> turn(bool begun);
  kj::Own<Turn> newTurn();
  void next();  // lets in who waits, requests and pieces by turns
  void taskFailed(kj::Exception&&) override {}  // whoever asked was told

  size_t taken = 0;
  bool pieceIsNext = false;
  Waiting requests, pieces;
  kj::TaskSet running;
};

// Memory for answers, from when they are made until they are sent or given up.
class AnswerRoom {
 public:
  static constexpr size_t TOTAL = 96 << 20;
  // What larger answers may take of it: then there is always some left for small ones.
  static constexpr size_t LARGE = 64 << 20;
  // A piece up to this comes whole, whatever is in it and however many others read.
  static constexpr size_t WHOLE = 64 << 10;
  // The longest that one byte of a file can become in JSON: \u0000.
  static constexpr size_t ESCAPED = 6;

  class Share {
   public:
    Share(std::shared_ptr<size_t> held, size_t bytes) : held(std::move(held)) { resize(bytes); }
    Share(Share&& other) noexcept
        : held(std::move(other.held)), mine(std::exchange(other.mine, 0)) {}
    ~Share() {
      if (held) *held -= mine;
    }
    void resize(size_t bytes) {
      *held += bytes - mine;
      mine = bytes;
    }
    size_t size() const { return mine; }

   private:
    std::shared_ptr<size_t> held;
    size_t mine = 0;
  };

  // For an answer with up to so many bytes of a file. It may be less than what that needs: a client
  // of a length asks again for the rest. Nothing if there is no room at all; for an answer without
  // any of it there always is.
  std::optional<Share> take(size_t bytes) {
    size_t large = *held < LARGE ? (LARGE - *held) / 2 : 0;
    // Text becomes a little longer, by its ends of lines.
    size_t size = std::max(ESCAPED * std::min(bytes, WHOLE), std::min(bytes + bytes / 4, large));
    if (size > 0 && *held + size > TOTAL) return std::nullopt;
    return Share(held, size);
  }

 private:
  std::shared_ptr<size_t> held = std::make_shared<size_t>(0);
};

}  // namespace maitred::local
