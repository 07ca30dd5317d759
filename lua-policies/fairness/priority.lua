-- Urgent jobs first, whoever submits them; among jobs of the same priority, dominant resource fairness.
--
-- A step of priority outweighs every difference in usage, so use this where users agree about priorities.
-- Both orders go into one number: whole steps for the priority, and below one step the usage. Usage counts by
-- its logarithm there, because a fraction may be as tiny as 2^-1074 (a user without a share) or huge, and
-- must keep its order beside a number like 50.

local max, log = math.max, math.log

return {
  kind = "fairness",
  version = 1,
  name = "priority",

  score = function(mem, cpus, _gpus, share_mem, share_cpus, _share_gpus, priority, _submitted_ms)
    local usage = max(mem / share_mem, cpus / share_cpus)
    if usage <= 0 then
      return -priority
    end
    return -priority + (log(usage, 2) + 1075) / 2100
  end,
}
