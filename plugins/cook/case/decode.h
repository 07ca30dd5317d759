#pragma once
// From the records of case.capnp to the core's types. Each throws CaseDamage if a value cannot be,
// so that nobody behind them need expect it.

#include "reader.h"

#include <core/cycle.h>
#include <policy/tables.h>

namespace maitred::cook {

std::int64_t timeOf(std::int64_t ms);
// A job that waits, with attempts whose tasks have no ids; whoever adds it to a book takes care of
// the rest.
Job jobOf(casefile::Job::Reader job, const CaseTexts& texts);
NodeFacts factsOf(casefile::Node::Reader node, const CaseTexts& texts);
RoomFacts roomOf(casefile::Room::Reader room, const CaseTexts& texts);
HostPlacement placementOf(casefile::HostPlacement::Reader placement, const CaseTexts& texts);
Node::Load loadOf(casefile::Room::Reader room);
Pool poolOf(casefile::Pool::Reader pool, const CaseTexts& texts);
Quota quotaOf(casefile::Quota::Reader quota);
QuotaEntry quotaEntryOf(casefile::Quota::Reader quota);
ShareEntry shareEntryOf(casefile::Share::Reader share);
HeadRule::State headOf(casefile::HeadRule::Reader head);
PolicyClock clockOf(casefile::Cycle::Reader cycle);
// Without the answers about launch rates, which are the caller's.
CycleOptions optionsOf(casefile::Cycle::Reader cycle, const CaseTexts& texts);

}  // namespace maitred::cook
