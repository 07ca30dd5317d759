#include "files-gate.h"

#include <algorithm>

namespace maitred::local {

bool FilesGate::full() {
  // Who was dropped meanwhile, at a deadline, waits no longer.
  std::erase_if(requests, [](auto& one) { return !one->isWaiting(); });
  return requests.size() >= WAITING_MAX;
}

FilesGate::Turn::~Turn() noexcept(false) {
  if (auto alive = gate.lock()) {
    --alive->taken;
    alive->next();
  }
}

kj::Own<FilesGate::Turn> FilesGate::newTurn() {
  ++taken;
  auto turn = kj::heap<Turn>();
  turn->gate = weak_from_this();
  return turn;
}

kj::Promise<kj::Own<FilesGate::Turn>> FilesGate::turn(bool begun) {
  if (taken < AT_ONCE) return newTurn();
  auto pair = kj::newPromiseAndFulfiller<kj::Own<Turn>>();
  (begun ? pieces : requests).push_back(kj::mv(pair.fulfiller));
  return kj::mv(pair.promise);
}

void FilesGate::next() {
  while (taken < AT_ONCE && !(requests.empty() && pieces.empty())) {
    bool piece = requests.empty() || (pieceIsNext && !pieces.empty());
    auto& queue = piece ? pieces : requests;
    auto first = kj::mv(queue.front());
    queue.pop_front();
    if (!first->isWaiting()) continue;
    pieceIsNext = !piece;
    first->fulfill(newTurn());
  }
}

}  // namespace maitred::local
