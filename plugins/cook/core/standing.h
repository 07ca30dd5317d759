#pragma once
// How a user stands in a pool, in Cook's words. *Starved*: some of their jobs wait although they
// run less than their share of everything. *Hungry*: jobs wait, and they have their share of
// something. *Satisfied*: something runs and nothing waits.

#include "quotas.h"
#include "shares.h"

namespace maitred::cook {

enum class Satisfaction : std::uint8_t { none, starved, hungry, satisfied };
const char* name(Satisfaction satisfaction);

struct Standing {
  bool running = false, waiting = false;
  Satisfaction satisfaction = Satisfaction::none;
  Usage starvedOf;        // if starved: what waits, up to their share
  bool waitsUnderQuota = false;  // jobs wait, and they run less than their quota of everything
  Usage underQuota;       // then: what waits, up to their quota
  double score = 0;       // the larger part of their share that they run; or of gpus alone
};

Standing standingOf(const Usage& running, const Usage& waiting, const Share& share,
                    const Quota& quota, bool gpusAlone);

}  // namespace maitred::cook
