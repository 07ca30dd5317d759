#pragma once
// Metrics by pool and user: what they run, what waits and for how long, and how they stand. Only
// users of whom something changed are looked at, and whoever has nothing any more has no line.

#include <core/ranking.h>
#include <core/standing.h>

#include <maitred/metrics.h>

#include <array>

namespace maitred::cook {

class UserFigures {
 public:
  explicit UserFigures(metrics::Registry& registry) : registry(registry) {}
  KJ_DISALLOW_COPY(UserFigures);

  // An instance was begun for a job that had waited for so long.
  void began(const std::string& pool, const std::string& user, std::int64_t waitedMs);
  // Before the metrics are read.
  void update(const std::string& pool, const PoolRanking& ranking,
              const PoolRanking::Changed& changed, const Shares& shares, const Quotas& quotas,
              bool gpusAlone);

 private:
  // How long the latest jobs waited before they began.
  class Waits {
   public:
    void add(double seconds);
    bool empty() const { return count == 0; }
    double quantile(double part) const;  // nearest rank

   private:
    static constexpr std::size_t KEPT = 100;
    std::array<float, KEPT> latest{};
    std::size_t count = 0, next = 0;
  };
  using Series = std::pair<std::string, metrics::Labels>;
  struct User {
    std::map<Series, double> shown;
    Standing standing;
    Waits waits;
  };
  struct PoolFigures {
    std::map<std::string, User> users;
    std::map<std::string, std::size_t> standing;  // how many users stand so
    std::uint64_t shares = 0, quotas = 0;         // generations by which all were worked out
  };
  metrics::Registry& registry;
  std::map<std::string, PoolFigures> pools;

  static void count(PoolFigures& pool, const Standing& standing, int sign);
  static std::map<Series, double> linesOf(const std::string& pool, const std::string& user,
                                          const User& figures, const Usage& running,
                                          const Usage& waiting);
  void show(User& user, std::map<Series, double> wanted);
};

}  // namespace maitred::cook
