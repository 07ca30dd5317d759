#pragma once
// GroupWatch: whether instances of a group run where its placement allows, judged by what the book
// shows from one look to the next and by what the nodes really are, whether or not their backend
// can be reached.

#include <core/book.h>
#include <core/nodes.h>

namespace maitred::simulation {

class GroupWatch {
 public:
  void node(const cook::NodeKey& key, std::map<std::string, std::string> attributes) {
    attributesOf[key] = std::move(attributes);
  }

  // Right before time passes, and after it passed. Throws Violation. The nodes are those that the
  // queue knows.
  void before(const cook::Book& book, const cook::NodeTable& nodes);
  void after(const cook::Book& book, const cook::NodeTable& nodes);

  // How many starts had to heed where other instances of their group were.
  std::uint64_t placements() const { return placedCount; }

 private:
  using Seats = std::map<cook::Uuid, cook::NodeKey>;  // live instances
  struct Group {
    Seats live;
    std::map<cook::Uuid, std::uint64_t> idle;  // jobs without a live instance: their latest change
    bool allKnown = true;  // the queue knows their nodes
  };
  std::map<cook::NodeKey, std::map<std::string, std::string>> attributesOf;
  std::map<cook::Uuid, Group> groups;
  std::uint64_t nodesSeen = 0;  // as of the first look
  bool sameNodes = false;       // none has come or gone between the looks
  std::uint64_t placedCount = 0;

  std::map<cook::Uuid, Group> look(const cook::Book& book, const cook::NodeTable& nodes) const;
  std::string valueOf(const cook::HostPlacement& placement, const cook::NodeKey& key) const;
  void check(const cook::GroupSpec& spec, const Group& old, const Group& now);
  bool keepsBalance(const cook::HostPlacement& placement, const Seats& cohosts,
                    const cook::NodeKey& taken) const;
};

}  // namespace maitred::simulation
