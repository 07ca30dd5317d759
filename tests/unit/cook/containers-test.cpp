// The core's own containers beside the standard ones, over random operations.
#include <core/few.h>
#include <core/flat-index.h>
#include <core/open-nodes.h>
#include <core/symbol.h>
#include <core/uuid-table.h>

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <thread>

namespace maitred::cook {
namespace {

TEST(FlatIndexes, AreOrderedMaps) {
  std::mt19937_64 random(7);
  FlatIndex<int, int> flat;
  std::map<int, int> reference;
  for (int i = 0; i < 30'000; ++i) {
    int key = random() % 6000;
    bool growing = i % 10'000 < 6000;
    if (random() % 10 < (growing ? 8u : 2u)) {
      EXPECT_EQ(flat.insert(key, i), reference.emplace(key, i).second);
    } else {
      EXPECT_EQ(flat.erase(key), reference.erase(key) == 1);
    }
    if (i % 500 != 0) continue;
    std::vector<std::pair<int, int>> seen, backwards;
    for (const auto& entry : flat) seen.emplace_back(entry.first, entry.second);
    flat.eachFromBack([&](const auto& entry) {
      backwards.emplace_back(entry.first, entry.second);
      return true;
    });
    std::vector<std::pair<int, int>> expected(reference.begin(), reference.end());
    EXPECT_EQ(seen, expected);
    EXPECT_EQ(flat.size(), reference.size());
    std::reverse(backwards.begin(), backwards.end());
    EXPECT_EQ(backwards, expected);
    for (int probe : {-1, 17, key, 5999, 7000}) {
      auto lower = reference.lower_bound(probe);
      auto upper = reference.upper_bound(probe);
      ASSERT_EQ(flat.lower_bound(probe) == flat.end(), lower == reference.end());
      ASSERT_EQ(flat.upper_bound(probe) == flat.end(), upper == reference.end());
      if (lower != reference.end()) {
        EXPECT_EQ(flat.lower_bound(probe)->first, lower->first);
      }
      if (upper != reference.end()) {
        EXPECT_EQ(flat.upper_bound(probe)->first, upper->first);
      }
      EXPECT_EQ(flat.find(probe) != flat.end(), reference.contains(probe));
    }
  }
  while (!reference.empty()) {
    EXPECT_TRUE(flat.erase(reference.begin()->first));
    reference.erase(reference.begin());
  }
  EXPECT_TRUE(flat.empty());
  EXPECT_EQ(flat.begin(), flat.end());
}

// As a queue is: from the front, with some that come back to their place.
TEST(FlatIndexes, AreServedFromTheFront) {
  std::mt19937_64 random(9);
  FlatIndex<int, int> flat;
  std::map<int, int> reference;
  int last = 0;
  for (; last < 3000; ++last) {
    flat.insert(last, last);
    reference.emplace(last, last);
  }
  for (int i = 0; i < 20'000; ++i) {
    int first = reference.empty() ? -1 : reference.begin()->first;
    ASSERT_EQ(flat.begin() == flat.end(), reference.empty());
    if (first >= 0) ASSERT_EQ(flat.begin()->first, first);
    switch (random() % 8) {
      case 0:
        EXPECT_TRUE(flat.insert(last, i));
        reference.emplace(last++, i);
        break;
      case 1: {
        int back = std::max(0, first) - static_cast<int>(random() % 40);
        EXPECT_EQ(flat.insert(back, i), reference.emplace(back, i).second);
        break;
      }
      default: {
        int near = first + static_cast<int>(random() % 3);
        EXPECT_EQ(flat.erase(near), reference.erase(near) == 1);
      }
    }
    if (i % 200 != 0) continue;
    std::vector<int> seen, expected;
    for (const auto& entry : flat) seen.push_back(entry.first);
    for (const auto& entry : reference) expected.push_back(entry.first);
    ASSERT_EQ(seen, expected);
    ASSERT_EQ(flat.size(), reference.size());
  }
}

struct Slot {
  Uuid key;
  int value = 0;
  const Uuid& id() const { return key; }
  bool empty() const { return value == 0; }
};

TEST(UuidTables, AreHashMaps) {
  std::mt19937_64 random(11);
  UuidTable<Slot> table;
  std::map<Uuid, int> reference;
  for (int i = 1; i < 60'000; ++i) {
    Uuid id{random() % 7, random() % 1000};
    if (random() % 3 != 0) {
      EXPECT_EQ(table.insert({id, i}), reference.emplace(id, i).second);
    } else {
      EXPECT_EQ(table.erase(id), reference.erase(id) == 1);
    }
  }
  EXPECT_EQ(table.size(), reference.size());
  std::map<Uuid, int> seen;
  table.each([&](const Slot& slot) { seen.emplace(slot.key, slot.value); });
  EXPECT_EQ(seen, reference);
  for (std::uint64_t high = 0; high < 7; ++high) {
    for (std::uint64_t low = 0; low < 1000; ++low) {
      const Slot* slot = table.find({high, low});
      auto at = reference.find({high, low});
      ASSERT_EQ(slot == nullptr, at == reference.end());
      if (slot != nullptr) {
        EXPECT_EQ(slot->value, at->second);
      }
    }
  }
}

TEST(OpenNodeLists, FindWhatAScanFinds) {
  std::mt19937_64 random(13);
  OpenNodes open;
  std::map<std::pair<double, std::uint64_t>, Amount> reference;  // emptiness, number
  std::uint64_t number = 0;
  for (int i = 0; i < 5000; ++i) {
    if (random() % 3 != 0 || reference.empty()) {
      double fullness = (random() % 50) / 50.0;
      Amount free{static_cast<std::int64_t>(random() % 100),
                  static_cast<std::int64_t>(random() % 100), 5, 0};
      open.insert({fullness, ++number, free, nullptr});
      reference.emplace(std::pair(-fullness, number), free);
    } else {
      auto victim = std::next(reference.begin(), random() % reference.size());
      open.erase(-victim->first.first, victim->first.second);
      reference.erase(victim);
    }
    if (i % 100 != 0) continue;
    Amount wanted{static_cast<std::int64_t>(random() % 110),
                  static_cast<std::int64_t>(random() % 110), 1, 0};
    std::vector<std::uint64_t> found, expected;
    open.eachFitting(wanted, [&](const auto& entry) {
      found.push_back(entry.number);
      return true;
    });
    for (const auto& [key, free] : reference) {
      if (wanted.fitsIn(free)) expected.push_back(key.second);
    }
    EXPECT_EQ(found, expected);
    EXPECT_EQ(open.size(), reference.size());
  }
}

TEST(Symbols, AreTheirText) {
  Symbol none, ana("ana"), same(std::string("ana")), ben("ben");
  EXPECT_TRUE(none.empty());
  EXPECT_EQ(none, "");
  EXPECT_EQ(ana, same);
  EXPECT_EQ(&ana.str(), &same.str()) << "kept once";
  EXPECT_FALSE(ana == ben);
  EXPECT_LT(ana, ben);
  EXPECT_EQ("user " + ana, "user ana");
  same = ben;
  EXPECT_EQ(same, "ben");
  Symbol moved = std::move(same);
  EXPECT_EQ(moved, std::string("ben"));
  moved = "";
  EXPECT_TRUE(moved.empty());
}

TEST(Symbols, MayBeMadeAndDroppedOnSeveralThreads) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([] {
      for (int i = 0; i < 20'000; ++i) {
        Symbol one("shared-" + std::to_string(i % 3)), copy = one;
        ASSERT_EQ(copy.size(), 8u);
      }
    });
  }
  for (auto& thread : threads) thread.join();
}

TEST(FewItems, AreAVectorOnceThereAreAny) {
  static_assert(sizeof(Few<std::string>) == sizeof(void*));
  Few<int> few;
  EXPECT_TRUE(few.empty());
  EXPECT_EQ(few.begin(), few.end());
  few.push_back(3);
  few.emplace_back(4);
  Few<int> copy = few;
  copy.push_back(5);
  EXPECT_EQ(few.list(), (std::vector<int>{3, 4}));
  EXPECT_EQ(copy, (Few<int>{3, 4, 5}));
  copy = {};
  EXPECT_EQ(copy.size(), 0u);
}

}  // namespace
}  // namespace maitred::cook
