#include <maitred/backend/outbox.h>

namespace maitred::backend {
namespace {

constexpr uint16_t windowMax = 64;

// Upper estimate of a status in a message.
size_t bytesOfStatus(const Delivery& delivery) {
  auto& s = delivery.status;
  size_t text = delivery.taskId.size() + std::min<size_t>(s.message.size(), 4096) +
                s.nodeId.size() + s.hostname.size() + s.sandboxUrl.size() + s.sandboxPath.size();
  if (s.progress) text += 40 + (s.progress->message ? s.progress->message->size() : 0);
  for (auto& endpoint : s.endpoints) text += 48 + endpoint.name.size() + endpoint.host.size();
  return 200 + text;
}

constexpr size_t poolBytes = 512;

}  // namespace

void Outbox::snapshot(const std::vector<std::string>& nodeIds,
                      const std::vector<std::string>& poolNames, std::vector<Delivery> tasks) {
  hold();
  held = false;
  inSnapshot = true;
  for (auto& id : nodeIds) {
    nodeOrder.push_back(id);
    nodeItems[id] = {NodeNews::full, true};
  }
  for (auto& name : poolNames) pools.push_back({name, true});
  for (auto& delivery : tasks) {
    lastOfTask[delivery.taskId] = popped + statuses.size();
    statuses.push_back({std::move(delivery), true});
  }
  snapshotLeft = nodeOrder.size() + pools.size() + statuses.size();
}

void Outbox::hold() {
  held = true;
  inSnapshot = false;
  snapshotLeft = 0;
  nodeOrder.clear();
  nodeItems.clear();
  pools.clear();
  statuses.clear();
  lastOfTask.clear();
}

void Outbox::node(const std::string& id, NodeNews news) {
  if (held) return;
  auto [place, isNew] = nodeItems.try_emplace(id, NodeItem{news, false});
  if (isNew) {
    nodeOrder.push_back(id);
    return;
  }
  auto& queued = place->second.news;
  // After a queued "gone" or "full" mere room is not enough: the observer may not know the node.
  if (news != NodeNews::room)
    queued = news;
  else if (queued == NodeNews::gone)
    queued = NodeNews::full;
}

void Outbox::pool(const std::string& name) {
  if (held) return;
  for (auto& queued : pools) {
    if (queued.first == name) return;
  }
  pools.push_back({name, false});
}

void Outbox::status(Delivery delivery) {
  if (held) return;
  auto last = lastOfTask.find(delivery.taskId);
  if (last != lastOfTask.end() && last->second >= popped) {
    auto& queued = statuses[last->second - popped].delivery;
    if (!isTerminal(queued.status.state) && queued.status.state == delivery.status.state) {
      queued = std::move(delivery);
      return;
    }
  }
  lastOfTask[delivery.taskId] = popped + statuses.size();
  statuses.push_back({std::move(delivery), false});
}

bool Outbox::ready() const {
  if (held || unanswered >= window) return false;
  return inSnapshot || !nodeOrder.empty() || !pools.empty() || !statuses.empty();
}

bool Outbox::full(size_t entries, size_t bytes) const {
  return entries >= limits.entriesMax || bytes >= limits.bytesMax;
}

void Outbox::takeStatuses(BatchDraft& draft, size_t& entries, size_t& bytes) {
  while (!statuses.empty() && !full(entries, bytes)) {
    auto& item = statuses.front();
    auto size = bytesOfStatus(item.delivery);
    if (entries > 0 && bytes + size > limits.bytesMax) {
      bytes = limits.bytesMax;
      return;
    }
    bytes += size;
    ++entries;
    if (item.inSnapshot) --snapshotLeft;
    auto last = lastOfTask.find(item.delivery.taskId);
    if (last != lastOfTask.end() && last->second == popped) lastOfTask.erase(last);
    draft.statuses.push_back(std::move(item.delivery));
    statuses.pop_front();
    ++popped;
  }
}

void Outbox::takeNodes(BatchDraft& draft, size_t& entries, size_t& bytes,
                       const std::function<size_t(const std::string&, NodeNews)>& bytesOf) {
  while (!nodeOrder.empty() && !full(entries, bytes)) {
    auto& id = nodeOrder.front();
    auto item = nodeItems.at(id);
    auto size = bytesOf(id, item.news);
    if (entries > 0 && bytes + size > limits.bytesMax) {
      bytes = limits.bytesMax;
      return;
    }
    bytes += size;
    ++entries;
    if (item.inSnapshot) --snapshotLeft;
    nodeItems.erase(id);
    draft.nodes.push_back({std::move(id), item.news});
    nodeOrder.pop_front();
  }
}

void Outbox::takePools(BatchDraft& draft, size_t& entries, size_t& bytes) {
  while (!pools.empty() && !full(entries, bytes)) {
    bytes += poolBytes;
    ++entries;
    if (pools.front().second) --snapshotLeft;
    draft.pools.push_back(std::move(pools.front().first));
    pools.pop_front();
  }
}

BatchDraft Outbox::cut(const std::function<size_t(const std::string&, NodeNews)>& bytesOf) {
  BatchDraft draft;
  draft.cursor = ++cursor;
  size_t entries = 0, bytes = 0;
  if (inSnapshot) {  // nodes first: a status names a node
    takeNodes(draft, entries, bytes, bytesOf);
    takePools(draft, entries, bytes);
    takeStatuses(draft, entries, bytes);
    draft.phase = snapshotLeft == 0 ? Phase::SNAPSHOT_END : Phase::SNAPSHOT;
    inSnapshot = snapshotLeft != 0;
  } else {  // statuses first: nodes that change all the time must not hold them up
    takeStatuses(draft, entries, bytes);
    takeNodes(draft, entries, bytes, bytesOf);
    takePools(draft, entries, bytes);
    draft.phase = Phase::LIVE;
  }
  ++unanswered;
  sent.push_back({draft.cursor, false, draft.statuses});
  return draft;
}

std::optional<std::vector<Delivery>> Outbox::answered(uint64_t which, uint64_t durableUpTo,
                                                      uint16_t windowWanted) {
  if (durableUpTo > cursor) return std::nullopt;
  auto found = std::find_if(sent.begin(), sent.end(), [&](auto& s) { return s.cursor == which; });
  if (found == sent.end() || found->answered) {
    // Its durability was told by the answer to a later one already.
    if (which > durable) return std::nullopt;
  } else {
    found->answered = true;
  }
  --unanswered;
  window = std::min(std::max<uint16_t>(windowWanted, 1), windowMax);
  durable = std::max(durable, durableUpTo);
  std::vector<Delivery> recorded;
  while (!sent.empty() && sent.front().cursor <= durable) {
    auto& statuses = sent.front().statuses;
    recorded.insert(recorded.end(), std::make_move_iterator(statuses.begin()),
                    std::make_move_iterator(statuses.end()));
    sent.pop_front();
  }
  return recorded;
}

}  // namespace maitred::backend
