#include "stored-facts.h"

#include "shim/record-files.h"

#include <kj/exception.h>

namespace maitred::local {

namespace {

template <typename Message, typename Facts>
std::optional<Facts> readFile(int folder, const char* name,
                              Facts (*read)(typename Message::Reader)) {
  StoredMessage message(folder, name);
  if (!message.good()) return std::nullopt;
  std::optional<Facts> facts;
  auto damage = kj::runCatchingExceptions([&]() { facts = read(message.root<Message>()); });
  return damage == nullptr ? facts : std::nullopt;
}

}  // namespace

std::optional<TaskFacts> readFacts(int folder) {
  return readFile<Record, TaskFacts>(folder, RECORD, factsFrom);
}

std::optional<EndFactsOnDisk> readEnd(int folder, const char* name) {
  auto end = readFile<Ended, EndFactsOnDisk>(folder, name, endFrom);
  if (end && !backend::isTerminal(end->ending.state)) return std::nullopt;
  return end;
}

}  // namespace maitred::local
