-- Bin packing, the default: fill nodes one after the other, so that others stay free for large jobs (and
-- can be switched off). The fitness is how full the node would be with the job, cpus and memory averaged.

return {
  kind = "placement",
  version = 1,
  name = "bin-packing",

  fitness = function(used_cpus, used_mem, job_cpus, job_mem, total_cpus, total_mem)
    local cpus = (used_cpus + job_cpus) / total_cpus
    local mem = (used_mem + job_mem) / total_mem
    -- A node may hold more than it has for a moment, when its capacity was lowered.
    return math.min(1, (cpus + mem) / 2)
  end,
}
