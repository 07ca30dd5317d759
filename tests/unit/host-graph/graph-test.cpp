#include "host/graph/graph.h"

#include <gmock/gmock.h>

namespace maitred::host::graph {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const Interface kBackend{"maitred.backend.Backend", 1};
const Interface kQueue{"maitred.queue.Queue", 2};

Node backend(std::string name) {
  return {std::move(name), "maitred-local", {kBackend}, {}, {}};
}

Node queue(std::string name, std::vector<std::string> backends,
           Multiplicity multiplicity = Multiplicity::some) {
  return {std::move(name),
          "maitred-cook",
          {kQueue, kBackend},
          {{"backends", kBackend, multiplicity}},
          {{"backends", std::move(backends)}}};
}

TEST(Graph, ProvidersStartBeforeTheirConsumers) {
  auto linked = link({queue("cook", {"local", "far"}), backend("far"), backend("local")});
  ASSERT_TRUE(linked.graph);
  EXPECT_THAT(linked.graph->startOrder, ElementsAre("local", "far", "cook"));
  EXPECT_THAT(linked.graph->edges, ElementsAre(Edge{"cook", "backends", "local", kBackend},
                                               Edge{"cook", "backends", "far", kBackend}));
}

TEST(Graph, OrderOfTheFileDecidesBetweenIndependentInstances) {
  auto linked = link({backend("b"), backend("a"), backend("c")});
  EXPECT_THAT(linked.graph->startOrder, ElementsAre("b", "a", "c"));
}

TEST(Graph, CycleIsSpelledOut) {
  auto linked = link({queue("a", {"b"}), queue("b", {"c"}), queue("c", {"a"})});
  ASSERT_FALSE(linked.graph);
  ASSERT_EQ(linked.faults.size(), 1u);
  EXPECT_EQ(linked.faults[0].message, "the wiring is a cycle: 'a' uses 'b' uses 'c' uses 'a'");
  EXPECT_THAT(linked.faults[0].path, ElementsAre("plugins", "c", "uses"));
}

TEST(Graph, InstanceThatUsesItselfIsACycle) {
  auto linked = link({queue("a", {"a"})});
  ASSERT_EQ(linked.faults.size(), 1u);
  EXPECT_THAT(linked.faults[0].message, HasSubstr("'a' uses 'a'"));
}

TEST(Graph, AllFaultsAreReportedAtOnce) {
  Node wrong = queue("cook", {"lokal", "cook2"});
  wrong.uses.push_back({"backend", {"local"}});
  Node plain{"cook2", "maitred-cook", {kQueue}, {}, {}};
  auto linked = link({wrong, backend("local"), backend("local"), plain});
  ASSERT_EQ(linked.faults.size(), 4u);
  EXPECT_THAT(linked.faults[0].message, HasSubstr("two instances are named 'local'"));
  EXPECT_THAT(linked.faults[1].message, HasSubstr("has no requirement 'backend'"));
  EXPECT_THAT(linked.faults[1].hint, HasSubstr("backends"));
  EXPECT_THAT(linked.faults[2].message, HasSubstr("no instance 'lokal'"));
  EXPECT_THAT(linked.faults[2].path, ElementsAre("plugins", "cook", "uses", "backends", "0"));
  EXPECT_THAT(linked.faults[3].message, HasSubstr("does not provide maitred.backend.Backend"));
  EXPECT_THAT(linked.faults[3].path, ElementsAre("plugins", "cook", "uses", "backends", "1"));
}

TEST(Graph, MultiplicityIsKept) {
  using M = Multiplicity;
  auto faults = [](M m, std::vector<std::string> providers) {
    return link({queue("q", providers, m), backend("a"), backend("b")}).faults.size();
  };
  EXPECT_EQ(faults(M::one, {}), 1u);
  EXPECT_EQ(faults(M::one, {"a"}), 0u);
  EXPECT_EQ(faults(M::one, {"a", "b"}), 1u);
  EXPECT_EQ(faults(M::optional, {}), 0u);
  EXPECT_EQ(faults(M::optional, {"a", "b"}), 1u);
  EXPECT_EQ(faults(M::some, {}), 1u);
  EXPECT_EQ(faults(M::some, {"a", "b"}), 0u);
  EXPECT_EQ(faults(M::any, {}), 0u);
  EXPECT_EQ(faults(M::any, {"a", "a"}), 1u);
}

TEST(Graph, MissingUsesKeyIsReportedAtTheInstance) {
  Node node = queue("q", {});
  node.uses.clear();
  auto linked = link({node, backend("a")});
  ASSERT_EQ(linked.faults.size(), 1u);
  EXPECT_THAT(linked.faults[0].path, ElementsAre("plugins", "q"));
  EXPECT_THAT(linked.faults[0].hint, HasSubstr("a"));
}

TEST(Graph, DependantsAreFoundOverSeveralEdges) {
  auto linked =
      link({queue("top", {"mid"}), queue("mid", {"low"}), backend("low"), backend("other")});
  ASSERT_TRUE(linked.graph);
  EXPECT_THAT(dependants(*linked.graph, "low"), ElementsAre("mid", "top"));
  EXPECT_THAT(dependants(*linked.graph, "top"), IsEmpty());
}

}  // namespace
}  // namespace maitred::host::graph
