#include "obstacles.h"

namespace maitred::cook {
namespace {

struct Words {
  std::string_view name, text;
};

constexpr std::array<Words, OBSTACLES> WORDS{{
    {"cpus", "Not enough cpus available."},
    {"mem", "Not enough mem available."},
    {"gpus", "Not enough gpus available."},
    {"ports", "Not enough ports available."},
    {"novel-host-constraint", "Job already ran on this host."},
    {"gpu-host-constraint", "Host has no GPU support."},
    {"non-gpu-host-constraint", "Host is reserved for jobs that need GPU support."},
    {"disk-host-constraint", "disk-host-constraint"},
    {"user-defined-constraint", "user-defined-constraint"},
    {"estimated-completion-constraint", "estimated-completion-constraint"},
    {"checkpoint-locality-constraint", "checkpoint-locality-constraint"},
    {"max_tasks_per_host", "max_tasks_per_host"},
    {"rebalancer-reservation-constraint", "rebalancer-reservation-constraint"},
    {"unique-host-placement-group-constraint", "unique-host-placement-group-constraint"},
    {"balanced-host-placement-group-constraint", "balanced-host-placement-group-constraint"},
    {"attribute-equals-host-placement-group-constraint",
     "Host had a different attribute than other jobs in the group."},
    {"closed", "Host takes no jobs at present."},
}};

}  // namespace

std::string_view name(Obstacle obstacle) {
  return WORDS[static_cast<std::size_t>(obstacle)].name;
}

std::string_view text(Obstacle obstacle) {
  return WORDS[static_cast<std::size_t>(obstacle)].text;
}

}  // namespace maitred::cook
