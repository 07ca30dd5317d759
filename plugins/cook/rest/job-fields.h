#pragma once
// The fields of a job that have parts of their own: containers, disk, checkpoints, application.

#include "fields.h"

#include <store/containers.h>

namespace maitred::cook {

// 63 bytes at most of what a label of Kubernetes may have as its value; empty is one.
bool isLabelValue(const std::string& text);

// Each takes its key. Nothing: it is not there, or the fault is noted in `fields`.
std::optional<Container> readContainer(Fields& fields);
// These as they are shown again.
std::optional<nlohmann::json> readDisk(Fields& fields);
std::optional<nlohmann::json> readCheckpoint(Fields& fields);
std::optional<nlohmann::json> readApplication(Fields& fields);

}  // namespace maitred::cook
