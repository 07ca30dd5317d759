// How many requests are answered in a minute.

#include <core/request-window.h>

#include <gtest/gtest.h>

namespace maitred::cook {
namespace {

TEST(RequestWindow, CountsEachByItself) {
  RequestWindow window;
  EXPECT_EQ(window.count("ana", 2, 1000).remaining, 1);
  EXPECT_EQ(window.count("ana", 2, 2000).remaining, 0);
  auto refused = window.count("ana", 2, 45'000);
  EXPECT_FALSE(refused.allowed);
  EXPECT_EQ(refused.remaining, 0);
  EXPECT_EQ(refused.resetMs, 15'000);
  EXPECT_TRUE(window.count("ben", 2, 45'000).allowed);
}

TEST(RequestWindow, BeginsAnewWithEachMinute) {
  RequestWindow window;
  EXPECT_TRUE(window.count("ana", 1, 59'999).allowed);
  EXPECT_FALSE(window.count("ana", 1, 59'999).allowed);
  EXPECT_TRUE(window.count("ana", 1, 60'000).allowed);
  EXPECT_EQ(window.count("ana", 1, 60'001).resetMs, 59'999);
}

TEST(RequestWindow, FollowsALimitThatChanges) {
  RequestWindow window;
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(window.count("ana", 0, 0).allowed) << "none";
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(window.count("ana", 3, 0).allowed);
  EXPECT_FALSE(window.count("ana", 2, 0).allowed);
  EXPECT_TRUE(window.count("ana", 5, 0).allowed);
}

TEST(RequestWindow, DoesNotGrowWithoutEnd) {
  RequestWindow window;
  for (std::size_t i = 0; i < RequestWindow::KNOWN_MOST; ++i) {
    window.count(std::to_string(i), 1, 0);
  }
  EXPECT_TRUE(window.count("late", 1, 0).allowed);
  EXPECT_FALSE(window.count("later", 1, 0).allowed) << "they share one";
  EXPECT_TRUE(window.count("later", 1, 60'000).allowed);
}

}  // namespace
}  // namespace maitred::cook
