// Twenty lives in a row, and twenty rounds of the same within one: nothing may grow.
#include "../activity.h"
#include "../census.h"

namespace maitred::host::conform {

namespace {

constexpr int lives = 20;
constexpr int64_t bytesAllowed = 768;  // a life; below it lies the noise of the allocator

struct Series {
  std::vector<size_t> descriptors, threads, bytes, processes;

  void add(const Census& census) {
    descriptors.push_back(census.descriptors);
    threads.push_back(census.threads);
    bytes.push_back(census.bytes);
    processes.push_back(census.processes);
  }
};

void requireFlat(Trial& trial, const Series& series, const char* each) {
  struct Kind {
    const char* name;
    const std::vector<size_t>& series;
    int64_t allowed;
  };
  for (const auto& kind : {Kind{"descriptors", series.descriptors, 0},
                           Kind{"threads", series.threads, 0},
                           Kind{"processes", series.processes, 0},
                           Kind{"bytes of memory", series.bytes, bytesAllowed}}) {
    auto grows = growth(kind.series);
    if (grows > kind.allowed) {
      trial.fail("each " + std::string(each) + " leaves " + std::to_string(grows) + " " +
                 kind.name + " behind: " + std::to_string(kind.series.front()) +
                 " after the first, " + std::to_string(kind.series.back()) + " after the last");
    }
  }
}

// What the host asks again and again of one that runs.
void roundsInOneLife(Trial& trial, Life& life) {
  Series series;
  for (int i = 0; i < lives; ++i) {
    auto request = life.plugin().reconfigureRequest();
    auto config = trial.subject.instance().config();
    if (!config.isNull()) request.initConfig().set(config);
    life.await(request.send().ignoreResult());
    life.await(life.plugin().metricsRequest().send().ignoreResult());
    life.health();
    auto census = trial.inlined() ? takeCensus() : takeCensus(life.pid());
    census.bytes = 0;
    series.add(census);
  }
  requireFlat(trial, series, "reconfigure()");
}

}  // namespace

std::string checkRepeat(Trial& trial) {
  adoptOrphans();
  Series series;
  for (int i = 0; i < lives; ++i) {
    trial.step("start " + std::to_string(i + 1) + " of " + std::to_string(lives));
    {
      Life life(trial);
      life.start();
      life.health();
      if (i == lives - 1) {
        trial.step("asked the same again and again");
        roundsInOneLife(trial, life);
      }
      life.stop();
    }
    trial.io.waitScope.poll();
    series.add(takeCensus());
  }
  trial.step(std::to_string(lives) + " starts and stops");
  requireFlat(trial, series, "start and stop");
  return std::to_string(lives) + " times; descriptors " +
         std::to_string(series.descriptors.back()) + ", threads " +
         std::to_string(series.threads.back()) + ", both flat";
}

}  // namespace maitred::host::conform
