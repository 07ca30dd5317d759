#pragma once
// LongRun: how far a long test has come, for who watches tests/long.sh, and when it must end.

#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <string>

namespace maitred::testing {

class LongRun {
 public:
  // `what` is done, such as "seeds of the simulation".
  explicit LongRun(std::string what) : what(std::move(what)) {
    if (const char* path = std::getenv("MAITRED_TEST_PROGRESS")) progress = path;
    if (const char* text = std::getenv("MAITRED_TEST_UNTIL")) until = std::atoll(text);
  }

  // Whether there is time for more; false at the latest when all is done.
  bool goOn(std::uint64_t done, std::uint64_t all) {
    if (!progress.empty()) {
      std::ofstream(progress) << done << " of " << all << " " << what << "\n";
    }
    return done < all && (until == 0 || std::time(nullptr) < until);
  }

 private:
  std::string what, progress;
  std::time_t until = 0;  // 0: there is always time
};

}  // namespace maitred::testing
