#pragma once
// What an admission policy makes of a job that is submitted.

#include <core/types.h>

#include <maitred/lua.h>

#include <optional>

namespace maitred::cook {

// The job as the policy sees it.
lua::Value admissionJob(const JobSpec& job);

// Asks the policy, and makes the changes that it wants. Why it refuses the job; nothing: it does
// not, or it failed, after which the job is as it was.
std::optional<std::string> admit(lua::PolicySlot& slot, lua::Function function, JobSpec& job);

}  // namespace maitred::cook
