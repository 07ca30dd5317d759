#include <core/reasons.h>
#include <core/uuid.h>

#include <gtest/gtest.h>

namespace maitred::cook {
namespace {

// Ten kinds of ends, as the accounting sees them: A,B,C are the system's fault (code 100), D,E the
// user's (101), F has no reason, G is the user's (102), H,I have one free failure (103), J,K are
// always free (104).
std::vector<Attempt> manyAttempts() {
  Attempt own100{100, true, {}}, user101{101, false, {}}, none{}, user102{102, false, {}};
  Attempt one103{103, true, 1}, free104{104, true, -1};
  return {own100,  own100, own100, user101, user101, none,
          user102, one103, one103, free104, free104};
}

struct Case {
  int limit;
  bool disable;
  int consumed;
};

TEST(AttemptsConsumed, FollowsTheTable) {
  const Case cases[] = {{0, true, 11}, {0, false, 8}, {1, false, 7},
                        {2, false, 6}, {3, false, 5}, {5, false, 5}};
  for (const Case& one : cases) {
    EXPECT_EQ(attemptsConsumed(manyAttempts(), one.limit, one.disable), one.consumed)
        << "limit " << one.limit << " disable " << one.disable;
  }
}

TEST(Reasons, AreSortedAndFoundByCodeAndName) {
  int last = 0;
  for (const Reason& reason : reasons()) {
    EXPECT_GT(reason.code, last);
    last = reason.code;
    EXPECT_EQ(findReason(reason.code), &reason);
    EXPECT_EQ(findReason(std::string_view(reason.name)), &reason);
  }
  EXPECT_EQ(findReason(1), nullptr);
  EXPECT_STREQ(findReason(99003)->text, "Command exited non-zero");
}

TEST(Reasons, LimitsCanBeSetPerReason) {
  MeaCulpaLimits limits;
  limits.byCode[4000] = 0;
  std::vector<Attempt> attempts{attemptOf(4000, limits), attemptOf(4001, limits),
                                attemptOf(0, limits)};
  EXPECT_EQ(attemptsConsumed(attempts, limits.global, false), 2);
}

TEST(Uuids, AreReadStrictly) {
  auto id = Uuid::parse("01234567-89AB-cdef-0123-456789abcdef");
  ASSERT_TRUE(id);
  EXPECT_EQ(id->text(), "01234567-89ab-cdef-0123-456789abcdef");
  for (const char* bad :
       {"", "0123456789abcdef0123456789abcdef", "01234567-89ab-cdef-0123-456789abcdeg",
        "01234567-89ab-cdef-0123-456789abcde", "{1234567-89ab-cdef-0123-456789abcde}"}) {
    EXPECT_FALSE(Uuid::parse(bad)) << bad;
  }
  EXPECT_EQ(Uuid::fromRandom(~0ull, ~0ull).text(), "ffffffff-ffff-4fff-bfff-ffffffffffff");
}

}  // namespace
}  // namespace maitred::cook
