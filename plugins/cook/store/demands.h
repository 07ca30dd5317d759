#pragma once
// What the fields that are only kept and shown (JobSpec::extra) mean for where a job may run.

#include <core/types.h>

namespace maitred::cook {

// `extra` as in JobSpec. Values of another kind than the submission lets pass count as not given.
// Throws std::exception if it is no JSON.
Few<Demands> demandsOf(const std::string& extra);

}  // namespace maitred::cook
