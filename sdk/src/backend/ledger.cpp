#include <maitred/backend/ledger.h>

namespace maitred::backend {
namespace {

// Along a life that has no accidents; a report with a lower rank comes late and says nothing new.
int rankOf(TaskState state) {
  switch (state) {
    case TaskState::PENDING:
      return 1;
    case TaskState::STARTING:
      return 2;
    case TaskState::RUNNING:
      return 3;
    case TaskState::KILLING:
      return 4;
    default:
      return 0;  // unreachable: may come at any time
  }
}

constexpr size_t openTerminalsMax = 16;

// Facts that a report need not repeat.
void keepSticky(Status& status, const Status& before) {
  status.commandStarted |= before.commandStarted;
  if (status.nodeId.empty()) status.nodeId = before.nodeId;
  if (status.hostname.empty()) status.hostname = before.hostname;
  if (status.endpoints.empty()) status.endpoints = before.endpoints;
  if (status.sandboxUrl.empty()) status.sandboxUrl = before.sandboxUrl;
  if (status.sandboxPath.empty()) status.sandboxPath = before.sandboxPath;
  status.restarts = std::max(status.restarts, before.restarts);
  bool overtaken = status.progress && before.progress &&
                   before.progress->sequence > status.progress->sequence;
  if (!status.progress || overtaken) status.progress = before.progress;
  if (status.health == Health::UNKNOWN && !isTerminal(status.state)) status.health = before.health;
  if (status.state == TaskState::UNREACHABLE && status.unreachableSince == 0) {
    status.unreachableSince =
        before.state == TaskState::UNREACHABLE ? before.unreachableSince : status.at;
  }
}

}  // namespace

TaskEntry* Ledger::find(const TaskKey& key) {
  auto found = entries.find(key);
  return found == entries.end() ? nullptr : &found->second;
}

const TaskEntry* Ledger::find(const TaskKey& key) const {
  return const_cast<Ledger*>(this)->find(key);
}

TaskEntry& Ledger::add(const TaskKey& key) {
  return entries[key];
}

void Ledger::forget(const TaskKey& key) {
  auto found = entries.find(key);
  if (found == entries.end()) return;
  open -= found->second.unacknowledged.size();
  entries.erase(found);
}

void Ledger::settle(const TaskKey& key) {
  if (auto* entry = find(key)) {
    entry->settled = true;
    reduce(key);
  }
}

Ledger::Outcome Ledger::report(const TaskKey& key, Status status, int64_t now) {
  Outcome outcome;
  if (status.at == 0) status.at = now;
  status.orphan = false;
  status.duplicate = false;
  auto* entry = find(key);
  if (entry == nullptr) {
    entry = &entries[key];
    auto note = notes.find(key);
    if (note == notes.end()) {
      outcome.discovered = true;
    } else {  // it ended and was acknowledged: whatever comes now is an echo
      entry->terminal = true;
      entry->firstTerminal = note->second.status.state;
      entry->last = note->second.status;
      entry->digestHex = note->second.digestHex;
    }
  }
  bool ends = isTerminal(status.state);
  if (entry->last) {
    auto& before = *entry->last;
    bool restarted = status.restarts > before.restarts;
    bool wasAway = before.state == TaskState::UNREACHABLE;
    keepSticky(status, before);
    if (entry->terminal && !ends) {
      // Only "lost" can be mistaken; after any other end this is an old report that was overtaken.
      if (entry->firstTerminal == TaskState::LOST) {
        status.late = true;
        entry->last = status;  // it lives: seen again in snapshots until it ends once more
        outcome.delivery = Delivery{key.taskId, ++serials, std::move(status)};
      }
      reduce(key);
      return outcome;
    }
    if (!ends && !wasAway && !restarted && rankOf(status.state) != 0 &&
        rankOf(status.state) < rankOf(before.state)) {
      return outcome;
    }
    if (wasAway && status.state != TaskState::UNREACHABLE && !entry->guessed) status.late = true;
    if (entry->terminal && entry->firstTerminal == TaskState::LOST) status.late = true;
  } else if (status.state == TaskState::UNREACHABLE && status.unreachableSince == 0) {
    status.unreachableSince = status.at;
  }
  entry->guessed = false;
  if (ends) {
    status.duplicate = entry->terminal;
    outcome.ended = !entry->terminal;
    if (!entry->terminal) entry->firstTerminal = status.state;
    entry->terminal = true;
  }
  Delivery delivery{key.taskId, ++serials, status};
  if (ends && (!status.duplicate || entry->unacknowledged.size() < openTerminalsMax)) {
    entry->unacknowledged.push_back(delivery);
    ++open;
  }
  if (!status.duplicate || !isTerminal(entry->last->state)) entry->last = std::move(status);
  outcome.delivery = std::move(delivery);
  return outcome;
}

std::optional<Delivery> Ledger::remembered(const TaskKey& key) const {
  auto note = notes.find(key);
  if (note == notes.end()) return std::nullopt;
  Delivery delivery{key.taskId, 0, note->second.status};
  delivery.status.duplicate = true;
  return delivery;
}

const std::string* Ledger::rememberedDigest(const TaskKey& key) const {
  auto note = notes.find(key);
  return note == notes.end() ? nullptr : &note->second.digestHex;
}

bool Ledger::acknowledge(const TaskKey& key, uint64_t serial, bool terminal) {
  if (!terminal) return true;
  auto* entry = find(key);
  if (entry == nullptr) return false;
  auto& waiting = entry->unacknowledged;
  auto found =
      std::find_if(waiting.begin(), waiting.end(), [&](auto& d) { return d.serial == serial; });
  if (found == waiting.end()) return false;
  waiting.erase(found);
  --open;
  reduce(key);
  return true;
}

// An ended task of which nothing waits any more becomes a note.
void Ledger::reduce(const TaskKey& key) {
  auto found = entries.find(key);
  if (found == entries.end()) return;
  auto& entry = found->second;
  if (!entry.terminal || !entry.unacknowledged.empty() || !entry.settled) return;
  if (!isTerminal(entry.last->state)) return;
  auto [note, isNew] =
      notes.insert_or_assign(key, Note{std::move(*entry.last), std::move(entry.digestHex)});
  entries.erase(found);
  if (!isNew) return;
  noteOrder.push_back(key);
  if (noteOrder.size() > notesMax) {
    notes.erase(noteOrder.front());
    noteOrder.pop_front();
  }
}

std::vector<Delivery> Ledger::snapshotOf(const std::string& consumer) const {
  std::vector<Delivery> out;
  for (auto i = entries.lower_bound(TaskKey{consumer, ""}); i != entries.end(); ++i) {
    if (i->first.consumer != consumer) break;
    auto& entry = i->second;
    if (!entry.unacknowledged.empty()) {
      out.insert(out.end(), entry.unacknowledged.begin(), entry.unacknowledged.end());
    }
    if (entry.last && (entry.unacknowledged.empty() || !isTerminal(entry.last->state))) {
      out.push_back({i->first.taskId, 0, *entry.last});
    }
  }
  return out;
}

std::vector<TaskKey> Ledger::keys() const {
  std::vector<TaskKey> keys;
  for (auto& entry : entries) keys.push_back(entry.first);
  return keys;
}

}  // namespace maitred::backend
