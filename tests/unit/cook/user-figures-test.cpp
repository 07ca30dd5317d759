// Metrics by user: only users of whom something changed are looked at, and nobody is left behind.
#include "pool-world.h"

#include <queue/user-figures.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace maitred::cook {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

class Figures : public ::testing::Test {
 protected:
  ~Figures() noexcept override {}
  PoolWorld world;
  metrics::Registry registry;
  UserFigures figures{registry};

  std::string text() {
    const std::string pool = PoolWorld::POOL;
    figures.update(pool, world.book.ranking(pool), world.book.takeChangedUsers(pool),
                   world.book.shares(pool), world.book.quotas(pool), false);
    return registry.text();
  }
  static std::string users(const char* standing, int count) {
    return "maitred_cook_users{pool=\"p\",standing=\"" + std::string(standing) + "\"} " +
           std::to_string(count) + "\n";
  }
};

TEST_F(Figures, TellHowEachUserStands) {
  ShareEntry share;
  share.mem = 1000;
  share.cpus = 4;
  world.book.shares(PoolWorld::POOL).set("default", share);
  world.submit("ana", 2, 500);
  world.submit("ben", 1, 100);
  std::string shown = text();
  EXPECT_THAT(shown, HasSubstr(users("starved", 2)));
  EXPECT_THAT(shown, HasSubstr(users("waiting", 2)));
  EXPECT_THAT(shown, HasSubstr(users("running", 0)));
  EXPECT_THAT(shown, HasSubstr("maitred_cook_user_cpus{pool=\"p\",user=\"ana\",state=\"starved\"}"
                               " 2\n"));
  EXPECT_THAT(shown, HasSubstr("maitred_cook_user_standing{pool=\"p\",user=\"ana\","
                               "standing=\"starved\"} 1\n"));
  // Another share changes how both stand.
  share.mem = 100;
  world.book.shares(PoolWorld::POOL).set("ben", share);
  EXPECT_THAT(text(), HasSubstr(users("starved", 2)));
}

TEST_F(Figures, TellHowLongTheLatestJobsHadWaited) {
  world.submit("ana", 1, 100);
  for (int i = 1; i <= 200; ++i) figures.began(PoolWorld::POOL, "ana", i * 1000);
  std::string shown = text();
  auto waited = [](const char* part, int seconds) {
    return "maitred_cook_user_wait_seconds{pool=\"p\",user=\"ana\",quantile=\"" +
           std::string(part) + "\"} " + std::to_string(seconds) + "\n";
  };
  EXPECT_THAT(shown, HasSubstr(waited("0.5", 150)));
  EXPECT_THAT(shown, HasSubstr(waited("0.9", 190)));
  EXPECT_THAT(shown, HasSubstr(waited("0.99", 199)));
  EXPECT_THAT(shown, HasSubstr("maitred_cook_wait_seconds_count{pool=\"p\"} 200\n"));
}

TEST_F(Figures, LeaveNoLineOfWhoHasNothingAnyMore) {
  Job& job = world.submit("ana", 1, 100);
  EXPECT_THAT(text(), HasSubstr("user=\"ana\""));
  world.book.kill(job, world.now);
  std::string shown = text();
  EXPECT_THAT(shown, Not(HasSubstr("user=\"ana\"")));
  EXPECT_THAT(shown, HasSubstr(users("waiting", 0)));
}

TEST_F(Figures, AreAskedOnlyOfUsersOfWhomSomethingChanged) {
  world.submit("ana", 1, 100);
  world.submit("ben", 1, 100);
  const std::string pool = PoolWorld::POOL;
  EXPECT_THAT(world.book.takeChangedUsers(pool).users, UnorderedElementsAre("ana", "ben"));
  EXPECT_THAT(world.book.takeChangedUsers(pool).users, IsEmpty());
  world.submit("ben", 1, 100);
  world.submit("ben", 1, 100);
  EXPECT_THAT(world.book.takeChangedUsers(pool).users, ElementsAre("ben"));
}

}  // namespace
}  // namespace maitred::cook
