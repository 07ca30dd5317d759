#pragma once

#include <maitred/metrics.h>

namespace maitred::cook {

// What the queue counts. All of it is exported from the start on: of a counter that appears with
// its first event a scraper does not see this event, and no alert is raised.
struct QueueMetrics {
  explicit QueueMetrics(metrics::Registry& registry)
      : submitted(registry.counter("maitred_cook_submitted_total", "Jobs accepted")),
        placements(registry.counter("maitred_cook_placements_total", "Instances begun")),
        fallbackCycles(registry.counter("maitred_cook_policy_fallback_cycles_total",
                                        "Cycles that the built-in order had to decide")),
        cycleSeconds(registry.histogram("maitred_cook_cycle_seconds",
                                        "Time of one scheduling cycle",
                                        metrics::exponential(0.0001, 2, 14))),
        registry(registry) {
    for (const char* when : {"launch", "late"}) refusals(when);
  }

  metrics::Counter& refusals(const char* when) {
    return registry.counter("maitred_cook_refusals_total",
                            "Placements that a backend did not take", {{"when", when}});
  }

  metrics::Counter& submitted;
  metrics::Counter& placements;
  metrics::Counter& fallbackCycles;
  metrics::Histogram& cycleSeconds;

 private:
  metrics::Registry& registry;
};

}  // namespace maitred::cook
