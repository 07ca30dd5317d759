#include <maitred/backend/room.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <capnp/message.h>

#include <random>

namespace maitred::backend {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Amounts amounts(uint64_t cpu, uint64_t memory) {
  return {cpu, memory, 0, {}, {}};
}

NodeFacts node(std::string id, uint64_t cpu = 4000, uint64_t memory = 1000) {
  NodeFacts facts;
  facts.id = std::move(id);
  facts.pool = "p";
  facts.capacity = amounts(cpu, memory);
  return facts;
}

TaskKey task(int number) {
  return {"c", "t" + std::to_string(number)};
}

struct RoomTest : testing::Test {
  std::optional<RefusalReason> take(int number, uint64_t cpu, uint64_t generation = 0,
                                    std::vector<PortWish> ports = {}) {
    auto taken = book.take("n", generation, task(number), amounts(cpu, 1), ports);
    granted = taken.ports;
    if (!taken.rejection) return std::nullopt;
    EXPECT_THAT(taken.rejection->message, HasSubstr("node n: "));
    return taken.rejection->reason;
  }
  RoomBook book{false};
  std::vector<PortGrant> granted;
};

TEST_F(RoomTest, PlacementsAreTakenOffAtOnce) {
  EXPECT_EQ(take(0, 1), RefusalReason::NO_SUCH_NODE);
  book.setNode(node("n"));
  auto before = book.view("n").generation;
  EXPECT_EQ(take(1, 3000, before), std::nullopt);
  EXPECT_EQ(book.view("n").available.cpuMillis, 1000u);
  EXPECT_EQ(book.view("n").taskCount, 1u);
  EXPECT_GT(book.view("n").generation, before);
  EXPECT_EQ(take(2, 1001, before), RefusalReason::NO_ROOM) << "a collision of consumers";
  EXPECT_EQ(take(3, 1000, before), std::nullopt) << "an older generation is fine while it fits";
  EXPECT_EQ(book.release(task(1)), "n");
  EXPECT_EQ(book.view("n").available.cpuMillis, 3000u);
  EXPECT_EQ(book.release(task(1)), std::nullopt);
}

TEST_F(RoomTest, StaleRoomIsWhatTheBackendItselfChanged) {
  book.setNode(node("n"));
  auto seen = book.view("n").generation;
  book.setForeignUse("n", amounts(3500, 0), 9);
  EXPECT_EQ(take(1, 1000, seen), RefusalReason::STALE_ROOM);
  EXPECT_EQ(take(1, 1000, book.view("n").generation), RefusalReason::NO_ROOM);
  EXPECT_EQ(take(1, 500, book.view("n").generation + 1), RefusalReason::STALE_ROOM)
      << "from another life";
  EXPECT_EQ(book.view("n").taskCount, 9u);
}

TEST_F(RoomTest, StateAndTaskLimitCount) {
  auto facts = node("n");
  facts.tasksMax = 1;
  book.setNode(facts);
  EXPECT_EQ(take(1, 1), std::nullopt);
  EXPECT_EQ(take(2, 1), RefusalReason::NO_ROOM);
  for (auto state : {NodeState::DRAINING, NodeState::CLOSED, NodeState::UNREACHABLE}) {
    facts.state = state;
    EXPECT_EQ(book.setNode(facts), RoomBook::Change::full);
    EXPECT_EQ(take(2, 1), RefusalReason::NODE_CLOSING);
  }
  EXPECT_EQ(book.setNode(facts), RoomBook::Change::none);
}

TEST_F(RoomTest, PortsAreHandedOutOnce) {
  auto facts = node("n");
  facts.capacity.ports = {{100, 102}, {200, 200}};
  book.setNode(facts);
  EXPECT_EQ(take(1, 1, 0, {{"a", 0}, {"b", 101}, {"c", 0}}), std::nullopt);
  ASSERT_EQ(granted.size(), 3u);
  EXPECT_EQ(granted[0].port, 100);
  EXPECT_EQ(granted[1].port, 101);
  EXPECT_EQ(granted[2].port, 102);
  EXPECT_THAT(book.view("n").available.ports, ElementsAre(Ports{200, 200}));
  EXPECT_EQ(take(2, 1, 0, {{"a", 101}}), RefusalReason::NO_ROOM);
  EXPECT_EQ(take(2, 1, 0, {{"a", 0}, {"b", 0}}), RefusalReason::NO_ROOM);
  EXPECT_EQ(book.view("n").available.cpuMillis, 3999u) << "a refusal takes nothing";
  book.release(task(1));
  EXPECT_THAT(book.view("n").available.ports, ElementsAre(Ports{100, 102}, Ports{200, 200}));
}

TEST_F(RoomTest, ANodeThatReturnsStillCarriesItsTasks) {
  book.setNode(node("n"));
  EXPECT_EQ(take(1, 3000), std::nullopt);
  EXPECT_TRUE(book.remove("n"));
  EXPECT_EQ(book.find("n"), nullptr);
  book.charge("n", task(2), amounts(500, 0), {});
  book.setNode(node("n"));
  EXPECT_EQ(book.view("n").available.cpuMillis, 500u);
  EXPECT_EQ(book.view("n").taskCount, 2u);
}

TEST(ReportedRoom, EachReportReplacesWhatWasCounted) {
  RoomBook book(true);
  book.setNode(node("n"));
  EXPECT_EQ(book.view("n").available.cpuMillis, 0u) << "no offer, no room";
  book.setRoom("n", amounts(2000, 100));
  EXPECT_FALSE(book.take("n", 0, task(1), amounts(1500, 1), {}).rejection);
  EXPECT_EQ(book.view("n").available.cpuMillis, 500u);
  EXPECT_EQ(book.release(task(1)), "n");  // refused late: the offer is still there
  EXPECT_EQ(book.view("n").available.cpuMillis, 2000u);
  EXPECT_FALSE(book.take("n", 0, task(2), amounts(1500, 1), {}).rejection);
  book.setRoom("n", amounts(300, 100));  // the next offer, counted without the task
  book.release(task(2));
  EXPECT_EQ(book.view("n").available.cpuMillis, 300u);
}

TEST(Pick, TakesTheFirstNodeThatSuits) {
  RoomBook book(false);
  for (auto id : {"a", "b", "c"}) {
    auto facts = node(id, id[0] == 'a' ? 100 : 4000);
    facts.attributes = {{"zone", {id[0] == 'c' ? "east" : "west"}}};
    book.setNode(facts);
  }
  capnp::MallocMessageBuilder message;
  auto where = message.initRoot<Anywhere>();
  std::string why;
  auto pick = [&](uint64_t cpu) { return book.pick(where.asReader(), amounts(cpu, 1), {}, why); };
  EXPECT_EQ(pick(50), "a");
  EXPECT_EQ(pick(500), "b");
  where.initAvoidNodes(1).set(0, "b");
  EXPECT_EQ(pick(500), "c");
  where.disownAvoidNodes();
  auto constraint = where.initConstraints(1)[0];
  constraint.setAttribute("zone");
  constraint.setOperator(Operator::IN);
  constraint.initValues(1).set(0, "east");
  EXPECT_EQ(pick(50), "c");
  constraint.setOperator(Operator::NOT_IN);
  EXPECT_EQ(pick(500), "b");
  constraint.setOperator(Operator::NOT_EXISTS);
  EXPECT_EQ(pick(50), "");
  EXPECT_THAT(why, HasSubstr("constraints"));
  where.setPool("other");
  EXPECT_EQ(pick(50), "");
  EXPECT_THAT(why, HasSubstr("\"other\" has no nodes"));
}

// Whatever happens: what is free plus what is charged is the capacity, and ports are never given
// twice.
TEST(RoomProperty, BooksAlwaysBalance) {
  std::mt19937 random(7);
  RoomBook book(false);
  std::map<int, std::pair<uint64_t, std::vector<PortGrant>>> running;
  auto facts = node("n", 10'000);
  facts.capacity.ports = {{1, 40}};
  book.setNode(facts);
  for (int step = 0; step < 5'000; ++step) {
    int number = int(random() % 60);
    if (running.contains(number)) {
      book.release(task(number));
      running.erase(number);
    } else {
      uint64_t cpu = random() % 900;
      std::vector<PortWish> wishes(random() % 4, PortWish{"", 0});
      auto taken = book.take("n", 0, task(number), amounts(cpu, 1), wishes);
      if (!taken.rejection) running[number] = {cpu, taken.ports};
    }
    uint64_t used = 0;
    std::set<uint16_t> ports;
    size_t portCount = 0;
    for (auto& [_, charge] : running) {
      used += charge.first;
      for (auto& port : charge.second) ports.insert(port.port), ++portCount;
    }
    ASSERT_EQ(book.view("n").available.cpuMillis, 10'000 - used);
    ASSERT_EQ(ports.size(), portCount);
    ASSERT_EQ(book.view("n").taskCount, running.size());
  }
}

}  // namespace
}  // namespace maitred::backend
