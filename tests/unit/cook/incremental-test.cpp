// Which value is for which job.

#include <core/incremental.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>

namespace maitred::cook {
namespace {

using ::testing::DoubleNear;

Uuid uuidNamed(const char* text) {
  return Uuid::parse(text).value();
}
const std::vector<IncrementalValue> THREE{{"a", 0.2, ""}, {"b", 0.35, ""}, {"c", 0.45, ""}};

std::string chosen(const char* job, const std::vector<IncrementalValue>& values) {
  const IncrementalValue* value = valueFor(uuidNamed(job), values);
  return value == nullptr ? "none" : value->value;
}

TEST(Incremental, JobsStandWhereCookHasThem) {
  EXPECT_EQ(chosen("41062821-b248-4375-82f8-a8256643c94e", THREE), "a");
  EXPECT_EQ(chosen("61062821-b248-4375-82f8-a8256643c94e", THREE), "b");
  EXPECT_EQ(chosen("21062821-b248-4375-82f8-a8256643c94e", THREE), "c");
  EXPECT_EQ(portionOf(uuidNamed("00000000-0000-0000-0000-00007fffffff")), 1.0);
  EXPECT_EQ(portionOf(uuidNamed("00000000-0000-0000-0000-0000ffffffff")), 1.0 / 2147483647);
  EXPECT_EQ(portionOf(uuidNamed("00000000-0000-0000-0000-000080000000")), 0.0);
  EXPECT_EQ(portionOf({7, 7}), 0.0) << "equal halves";
}

TEST(Incremental, WhatIsLeftOverGetsNoValue) {
  EXPECT_EQ(chosen("21062821-b248-4375-82f8-a8256643c94e", {{"a", 0.2, ""}}), "none");
  EXPECT_EQ(chosen("21062821-b248-4375-82f8-a8256643c94e", {}), "none");
  EXPECT_EQ(chosen("00000000-0000-0000-0000-00007fffffff", {{"all", 1, ""}}), "all");
  EXPECT_EQ(chosen("00000000-0000-0000-0000-000000000000", {{"nobody's", 0, ""}, {"b", 1, ""}}),
            "nobody's")
      << "as in Cook: the very first stands at 0";
}

TEST(Incremental, PortionsAreKept) {
  std::mt19937_64 random(7);
  std::map<std::string, double> counts;
  constexpr int JOBS = 20'000;
  for (int i = 0; i < JOBS; ++i) {
    counts[valueFor(Uuid::fromRandom(random(), random()), THREE)->value] += 1.0 / JOBS;
  }
  for (const IncrementalValue& one : THREE) {
    EXPECT_THAT(counts[one.value], DoubleNear(one.portion, 0.02));
  }
}

}  // namespace
}  // namespace maitred::cook
