#pragma once
// Where the next instance of a group may run, given where its others are.

#include "groups.h"
#include "nodes.h"
#include "obstacles.h"

namespace maitred::cook {

class GroupPlacement {
 public:
  // Of a cohost on a node that the table does not have, because its backend cannot be reached, only
  // the hostname is known. Any other attribute of it counts as a value that no node has: where the
  // group wants equal ones it waits, and does not begin anew elsewhere.
  GroupPlacement(const GroupSpec& spec, const Cohosts& cohosts, const NodeTable& nodes);

  bool allows(const Node& node) const;
  // What it is when it does not allow a node.
  Obstacle obstacle() const;

  // One more instance is there, or one less.
  void add(const Node& node) { count(valueOf(node), 1); }
  void remove(const Node& node) { count(valueOf(node), -1); }

 private:
  HostPlacement placement;
  std::map<std::string, int> counts;  // cohosts by their value; none is 0

  const std::string& valueOf(const Node& node) const;
  void count(const std::string& value, int change);
};

}  // namespace maitred::cook
