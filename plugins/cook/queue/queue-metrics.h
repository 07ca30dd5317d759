#pragma once

#include <core/progress.h>
#include <core/reasons.h>

#include <maitred/metrics.h>

namespace maitred::cook {

// What the queue counts. All of it is exported from the start on: of a counter that appears with
// its first event a scraper does not see this event, and no alert is raised.
struct QueueMetrics {
  explicit QueueMetrics(metrics::Registry& registry)
      : submitted(registry.counter("maitred_cook_submitted_total", "Jobs accepted")),
        placements(registry.counter("maitred_cook_placements_total", "Instances begun")),
        fallbackCycles(registry.counter("maitred_cook_policy_fallback_cycles_total",
                                        "Cycles and rounds that the built-in order had to decide")),
        cycleSeconds(registry.histogram("maitred_cook_cycle_seconds",
                                        "Time of one scheduling cycle",
                                        metrics::exponential(0.0001, 2, 14))),
        rebalanceSeconds(registry.histogram("maitred_cook_rebalance_seconds",
                                            "Time of one rebalancing round of a pool",
                                            metrics::exponential(0.0001, 2, 14))),
        registry(registry) {
    for (const char* when : {"launch", "late"}) refusals(when);
    using Taken = ProgressReports::Taken;
    for (Taken taken : {Taken::accepted, Taken::stale, Taken::full}) progress(taken);
    for (int reason : {Reason::MAX_RUNTIME, Reason::STRAGGLER}) stopped(reason);
  }

  metrics::Counter& refusals(const char* when) {
    return registry.counter("maitred_cook_refusals_total",
                            "Placements that a backend did not take", {{"when", when}});
  }

  metrics::Counter& stopped(int reason) {
    return registry.counter("maitred_cook_stopped_total", "Instances that ran for too long",
                            {{"reason", findReason(reason)->name}});
  }

  metrics::Histogram& poolCycleSeconds(const std::string& pool) {
    return registry.histogram("maitred_cook_pool_cycle_seconds",
                              "Time of one scheduling cycle of a pool",
                              metrics::exponential(0.0001, 2, 14), {{"pool", pool}});
  }

  metrics::Counter& progress(ProgressReports::Taken taken) {
    static constexpr const char* NAMES[] = {"accepted", "stale", "full"};
    return registry.counter("maitred_cook_progress_total", "Progress reports of instances",
                            {{"result", NAMES[static_cast<std::size_t>(taken)]}});
  }

  metrics::Counter& submitted;
  metrics::Counter& placements;
  metrics::Counter& fallbackCycles;
  metrics::Histogram& cycleSeconds;
  metrics::Histogram& rebalanceSeconds;

 private:
  metrics::Registry& registry;
};

}  // namespace maitred::cook
