#pragma once
// World: users, a queue, its disk, and two clusters with their backends, on one simulated clock.
// All that happens by chance comes from one seed, and so does how long jobs run: not long, longer
// than the rebalancer waits, or for ever.

#include "cases.h"
#include "counts.h"
#include "disk.h"
#include "group-watch.h"
#include "ledger.h"
#include "limit-watch.h"
#include "preemption-watch.h"
#include "wire.h"

#include <queue/batch-queue.h>
#include <runner.h>

#include <maitred/testing/harness.h>
#include <maitred/testing/simulated-loop.h>

#include <deque>
#include <fstream>

namespace maitred::simulation {

struct SimulatedClock final : kj::Clock {
  explicit SimulatedClock(kj::Timer& timer) : timer(timer) {}
  kj::Date now() const override {
    return kj::UNIX_EPOCH + 1'700'000'000 * kj::SECONDS + jumped +
           (timer.now() - kj::origin<kj::TimePoint>());
  }
  kj::Timer& timer;
  kj::Duration jumped = 0 * kj::SECONDS;  // somebody has set the clock, forward or back
};

// A cluster that is there whatever its backend does, and the way to it.
class Site {
 public:
  Site(std::string name, kj::Timer& timer, const kj::Clock& clock, std::uint64_t seed,
       sim::Settings settings);

  void start();
  void crash();
  void stayAway(kj::Duration pause) { awayUntil = timer.now() + pause; }  // before it is started
  bool mayStart() const { return timer.now() >= awayUntil; }
  bool up() const { return runner.get() != nullptr; }
  void reconnect();  // both ends must be there
  void nodeEvent(const std::string& node, sim::NodeEvent event);

  const std::string name;
  const std::vector<backend::NodeFacts> nodes;
  sim::Cluster cluster;
  Wire wire;

 private:
  kj::Timer& timer;
  const kj::Clock& clock;
  std::uint64_t lives = 0;
  kj::TimePoint awayUntil = kj::origin<kj::TimePoint>();
  kj::Own<sim::SimRunner> runner;
  std::int64_t nowNs() const { return (clock.now() - kj::UNIX_EPOCH) / kj::NANOSECONDS; }
};

class World {
 public:
  explicit World(std::uint64_t seed);
  ~World() noexcept(false);

  // Something happens, some time passes, and everything that must hold is checked. Throws
  // Violation.
  void step();
  // From here on nothing fails any more; what is down comes back.
  void calm();
  // Where jobs run for ever: lets the rebalancer do what it wants until it wants nothing more, and
  // ends the jobs. Throws if that takes too long.
  void rest();
  // Lets the rest happen; throws if it takes too long.
  void drain();

  std::uint64_t hash() const { return trace; }
  std::string lately() const;  // the last lines of what happened
  Counts counts() const;
  // Into the story, if there is one: the queue as it is now.
  void paint();
  // Of every other seed the cycles are recorded.
  const Cases& recorded() const { return cases; }

 private:
  struct Life;  // of the queue's process
  struct Order {  // a submission, which is sent until it is accepted
    std::vector<cook::JobSpec> specs;
    std::vector<cook::GroupRow> groups;
    std::size_t number;
    bool underWay = false, settled = false;
  };

  std::mt19937_64 random;
  testing::SimulatedLoop loop;
  SimulatedClock clock, queueClock;  // of the machines, and of the one that has the queue
  testing::TemporaryDirectory folder;  // for the lock of the store
  Disk disk;
  std::vector<std::unique_ptr<Site>> sites;
  Ledger ledger;
  Cases cases;
  const bool records;
  enum class Pace { brisk, slow, endless };  // of the jobs
  const Pace pace;
  std::vector<Order> orders;
  std::unique_ptr<Life> life;
  std::uint64_t fence = 0;
  std::size_t granted = 0;  // how many backends
  LimitWatch limits;
  GroupWatch placements;
  PreemptionWatch preemptions;
  bool isCalm = false;
  // The same for a whole run: they count when an instance ends.
  int freeFailures;
  bool preemptionIsFree;
  Counts counted;
  std::uint64_t trace = 14695981039346656037ull;
  std::deque<std::string> lines;
  std::ofstream story;

  bool chance(int perMille) { return static_cast<int>(random() % 1000) < perMille; }
  void note(const std::string& line, bool hashed = true);
  void boot();
  void crash(bool powerCut);
  cook::NodeTable& nodes();
  void advance(std::int64_t ms);
  void check();

  // --- users.cpp ---
  void actAsUsers();
  cook::JobSpec makeJob();
  void submitNew();
  bool sendAll();  // whether all have been accepted
  void killAll();
  void describeGroup(Order& order);
  void send(std::size_t order);
  void killSomething();
  void retrySomething();

  // --- operators.cpp ---
  cook::QueueSettings settings();
  cook::Pools pools();
  cook::RebalancerSettings rebalancer();
  cook::QuotaRow makeQuota(const std::string& user, const std::string& pool);
  void setQuota();

  // --- disturbances.cpp ---
  void disturbSites();
  void disturbQueue();
  void disturb(Site& site);
  void mend();
};

}  // namespace maitred::simulation
