// What a backend tells of its nodes, and whether they take work.

#include "cluster.h"
#include "translate.h"

namespace maitred::cook {

void Cluster::beginPart(backend::Batch::Reader batch) {
  bool snapshot = batch.getPhase() != backend::Phase::LIVE;
  if (batch.getEpoch() != epoch) {
    owner.nodes().removeCluster(name_);
    epoch = batch.getEpoch();
    inSnapshot = false;
  }
  if (snapshot && !inSnapshot) {
    inSnapshot = true;
    named.clear();
  }
}

void Cluster::endSnapshot() {
  std::vector<NodeKey> gone;
  for (const auto& [key, node] : owner.nodes().all()) {
    if (key.cluster == name_ && !named.contains(key.nodeId)) gone.push_back(key);
  }
  for (const NodeKey& key : gone) owner.nodes().remove(key);
  inSnapshot = false;
  named.clear();
  if (!ready) owner.log().info("attached to ", name_, " (", kind_, "), epoch ", epoch);
  ready = true;
}

void Cluster::applyNode(backend::NodeChange::Reader change) {
  switch (change.which()) {
    case backend::NodeChange::FULL: {
      NodeFacts facts = factsOf(name_, change.getFull());
      if (inSnapshot) named.insert(facts.key.nodeId);
      facts.pool = owner.book().pools().ofNode(facts.pool);
      if (facts.ready) {
        closed.erase(facts.key.nodeId);
      } else {
        closed.insert(facts.key.nodeId);
      }
      facts.ready = facts.ready && takesWork;
      owner.nodes().put(std::move(facts), roomOf(change.getFull().getRoom()));
      break;
    }
    case backend::NodeChange::ROOM:
      owner.nodes().setRoom({name_, change.getRoom().getNodeId().cStr()}, roomOf(change.getRoom()));
      break;
    case backend::NodeChange::GONE:
      closed.erase(change.getGone().cStr());
      owner.nodes().remove({name_, change.getGone().cStr()});
      break;
    case backend::NodeChange::UNSPECIFIED:
      break;
  }
}

void Cluster::setTakesWork(bool value) {
  if (takesWork == value) return;
  takesWork = value;
  std::vector<std::pair<NodeFacts, RoomFacts>> mine;
  for (const auto& [key, node] : owner.nodes().all()) {
    if (key.cluster == name_) mine.emplace_back(node->facts, node->room);
  }
  for (auto& [facts, room] : mine) {
    facts.ready = takesWork && !closed.contains(facts.key.nodeId);
    owner.nodes().put(std::move(facts), std::move(room));
  }
}

}  // namespace maitred::cook
