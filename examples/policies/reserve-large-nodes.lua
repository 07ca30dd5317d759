-- Nodes with the attribute class=large are kept for jobs that need one: small jobs never start there.
--
-- Otherwise bin packing, as the queue does it without a policy.

local small_cpus, small_mem = 8, 32 * 1024  -- a job with less than both is small; MiB

return {
  kind = "placement",
  version = 1,
  name = "reserve-large-nodes",

  fitness = function(used_cpus, used_mem, job_cpus, job_mem, total_cpus, total_mem, _job, node)
    if node.attributes.class == "large" and job_cpus < small_cpus and job_mem < small_mem then
      return false
    end
    return math.min(1, ((used_cpus + job_cpus) / total_cpus + (used_mem + job_mem) / total_mem) / 2)
  end,
}
