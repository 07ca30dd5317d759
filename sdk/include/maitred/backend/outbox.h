#pragma once
// Outbox: what one session still has to tell its observer, and how that is cut into batches. Pure.
//
// Nodes and pools are queued by name; their contents are read when a batch is cut, so that changes
// merge and the latest wins. Statuses are kept one by one; only a later non-terminal status in the
// same state of the same task replaces a queued one.

#include <maitred/backend/ledger.h>

#include <functional>
#include <unordered_map>

namespace maitred::backend {

enum class NodeNews : uint8_t { room, full, gone };

struct BatchDraft {
  uint64_t cursor = 0;
  Phase phase = Phase::LIVE;
  std::vector<std::pair<std::string, NodeNews>> nodes;
  std::vector<std::string> pools;
  std::vector<Delivery> statuses;
};

class Outbox {
 public:
  struct Limits {
    size_t entriesMax = 2'000;
    size_t bytesMax = 900 * 1024;  // by estimate, so that 1 MiB holds for certain
  };
  explicit Outbox(Limits limits) : limits(limits) {}
  Outbox() : Outbox(Limits()) {}

  // Starts a snapshot of these; what was queued before is part of them.
  void snapshot(const std::vector<std::string>& nodes, const std::vector<std::string>& pools,
                std::vector<Delivery> statuses);
  // Forgets what is queued; nothing is ready until the next snapshot.
  void hold();

  void node(const std::string& id, NodeNews news);
  void pool(const std::string& name);
  void status(Delivery delivery);

  // Something to send, and the window is open?
  bool ready() const;
  // The next batch; ready() holds. bytesOf estimates the size of a node's entry.
  BatchDraft cut(const std::function<size_t(const std::string& id, NodeNews news)>& bytesOf);

  // The answer to batch `cursor`. The statuses which are now durable, or nothing if the answer
  // makes no sense (then the session must end).
  std::optional<std::vector<Delivery>> answered(uint64_t cursor, uint64_t durable, uint16_t window);

  size_t inFlight() const { return unanswered; }

 private:
  struct NodeItem {
    NodeNews news;
    bool inSnapshot;
  };
  struct Sent {
    uint64_t cursor;
    bool answered;
    std::vector<Delivery> statuses;
  };
  void takeStatuses(BatchDraft& draft, size_t& entries, size_t& bytes);
  void takeNodes(BatchDraft& draft, size_t& entries, size_t& bytes,
                 const std::function<size_t(const std::string&, NodeNews)>& bytesOf);
  void takePools(BatchDraft& draft, size_t& entries, size_t& bytes);
  bool full(size_t entries, size_t bytes) const;

  Limits limits;
  std::deque<std::string> nodeOrder;
  std::unordered_map<std::string, NodeItem> nodeItems;
  std::deque<std::pair<std::string, bool>> pools;
  struct StatusItem {
    Delivery delivery;
    bool inSnapshot;
  };
  std::deque<StatusItem> statuses;
  std::unordered_map<std::string, size_t> lastOfTask;  // index of the queued one plus `popped`
  size_t popped = 0;

  bool held = true;  // no snapshot begun
  bool inSnapshot = false;
  size_t snapshotLeft = 0;
  uint64_t cursor = 0;
  uint64_t durable = 0;
  uint16_t window = 1;
  size_t unanswered = 0;
  std::deque<Sent> sent;
};

}  // namespace maitred::backend
