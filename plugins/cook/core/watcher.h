#pragma once
// Watcher: hears of every job and node that changes, so that who keeps up with them need not look
// at all. It must not change what it is told of.

namespace maitred::cook {

struct Job;
class Node;

class Watcher {
 public:
  virtual ~Watcher() = default;

  // It came, or changed in any way: also when it was put off or may go on.
  virtual void jobChanged(const Job& job) = 0;
  // `facts`: more than its room and what is held there.
  virtual void nodeChanged(const Node& node, bool facts) = 0;
  virtual void nodeRemoved(const Node& node) = 0;
  virtual void poolsChanged() = 0;
};

}  // namespace maitred::cook
