#include "group-watch.h"

#include "violation.h"

#include <algorithm>
#include <set>

namespace maitred::simulation {
namespace {

using Type = cook::HostPlacement::Type;
using cook::NodeKey;

std::string textOf(const std::map<cook::Uuid, NodeKey>& seats) {
  std::string text;
  for (const auto& [task, key] : seats) {
    text += " " + task.text().substr(0, 8) + "@" + key.cluster + "/" + key.nodeId;
  }
  return text;
}

}  // namespace

std::map<cook::Uuid, GroupWatch::Group> GroupWatch::look(const cook::Book& book,
                                                         const cook::NodeTable& nodes) const {
  std::map<cook::Uuid, Group> seen;
  book.each([&](const cook::Job& job) {
    const cook::Instance* live = job.live();
    if (!job.spec.group || !book.isPlaced(*job.spec.group)) return;
    Group& group = seen[*job.spec.group];
    if (live == nullptr) {
      group.idle.emplace(job.spec.id, job.sequence);
      return;
    }
    NodeKey key{live->cluster, live->nodeId};
    group.allKnown = group.allKnown && nodes.find(key) != nullptr;
    group.live.emplace(live->taskId, std::move(key));
  });
  return seen;
}

std::string GroupWatch::valueOf(const cook::HostPlacement& placement, const NodeKey& key) const {
  return attributesOf.at(key).at(placement.type == Type::unique ? "HOSTNAME" : placement.attribute);
}

void GroupWatch::before(const cook::Book& book, const cook::NodeTable& nodes) {
  groups = look(book, nodes);
  nodesSeen = nodes.capacityGeneration();
}

void GroupWatch::after(const cook::Book& book, const cook::NodeTable& nodes) {
  sameNodes = nodes.capacityGeneration() == nodesSeen;
  for (const auto& [id, now] : look(book, nodes)) check(*book.group(id), groups[id], now);
}

bool GroupWatch::keepsBalance(const cook::HostPlacement& placement, const Seats& cohosts,
                              const NodeKey& taken) const {
  std::map<std::string, int> counts;
  for (const auto& [task, key] : cohosts) ++counts[valueOf(placement, key)];
  auto its = counts.find(valueOf(placement, taken));
  if (its == counts.end()) return true;
  int least = its->second, most = its->second;
  for (const auto& [value, count] : counts) {
    least = std::min(least, count);
    most = std::max(most, count);
  }
  if (static_cast<int>(counts.size()) < placement.minimum) least = 0;
  return least == most || its->second < most;
}

void GroupWatch::check(const cook::GroupSpec& spec, const Group& old, const Group& now) {
  auto fail = [&](const char* what) {
    throw Violation(std::string(what) + " of group " + spec.id.text() + ":" + textOf(now.live) +
                    "; before:" + textOf(old.live));
  };
  Seats fresh;
  for (const auto& seat : now.live) {
    if (!old.live.contains(seat.first)) fresh.insert(seat);
  }
  if (!fresh.empty() && now.live.size() > 1) placedCount += fresh.size();
  std::set<std::string> values;
  for (const auto& [task, key] : now.live) values.insert(valueOf(spec.placement, key));
  if (spec.placement.type == Type::unique && values.size() != now.live.size()) {
    fail("two instances on one host");
  }
  if (spec.placement.type == Type::attributeEquals && values.size() > 1) {
    fail("instances with different values of the attribute");
  }
  // Which one came first, and whether others had ended by then or were withdrawn since, is known if
  // nothing else happened. How an instance counts whose node is not known at the moment is for the
  // queue to say.
  bool untouched = std::includes(old.idle.begin(), old.idle.end(), now.idle.begin(),
                                 now.idle.end());
  bool single = fresh.size() == 1 && now.live.size() == old.live.size() + 1;
  bool alone = untouched && sameNodes && single;
  if (spec.placement.type != Type::balanced || !alone || !old.allKnown || !now.allKnown) return;
  if (!keepsBalance(spec.placement, old.live, fresh.begin()->second)) fail("out of balance");
}

}  // namespace maitred::simulation
