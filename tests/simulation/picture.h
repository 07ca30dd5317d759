#pragma once
// A picture of the queue for whoever looks into a failed seed.

#include <queue/batch-queue.h>

#include <string>
#include <vector>

namespace maitred::simulation {

// One line for each pool, node, user's limits and job that has not ended, with all that bears on
// where it may run and why it waits.
std::vector<std::string> pictureOf(cook::BatchQueue& queue);

}  // namespace maitred::simulation
