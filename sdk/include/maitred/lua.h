#pragma once
// The policy engine: an operator's Lua file decides, within limits, and a built-in decides when it
// cannot.
//
//   lua::PolicySlot slot({.kind = "fairness", .search = {{"/usr/share/maitred/lua-policies"},
//   configDir},
//                         .onReport = [&](const lua::Report& r) { log.error(r.text()); }});
//   auto score = slot.function("score");          // stays valid over reloads
//   auto loaded = slot.load("fairness/drf.lua");  // false: loaded.problems; the last good version
//   stays double s = slot.decide(score, inputs, [&] { return builtinDru(job); });
//
// Threads: an object of this library is used by one thread at a time and shares nothing with
// others, so that a policy may be loaded on a pool thread (lua::Policy::load) and handed over
// (PolicySlot::install).

#include <maitred/lua/limits.h>
#include <maitred/lua/policy.h>
#include <maitred/lua/report.h>
#include <maitred/lua/search.h>
#include <maitred/lua/slot.h>
#include <maitred/lua/use.h>
#include <maitred/lua/value.h>
