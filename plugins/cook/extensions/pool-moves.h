#pragma once
// Part of a user's jobs goes to another pool. Which of them is told by their ids alone, so that the
// same job always goes the same way, whoever is asked and whenever.

#include <core/uuid.h>

#include <string>

namespace maitred::cook {

struct PoolMove {
  std::string to;      // empty: nowhere
  double portion = 0;  // of the jobs, 0 to 1
};

// Where the id stands between 0 and 1, 1 excluded; evenly for ids of any making.
double placeOf(const Uuid& job);

// Whoever goes with a small portion also goes with a larger one. What is no portion moves nobody.
bool moves(const Uuid& job, const PoolMove& move);

}  // namespace maitred::cook
