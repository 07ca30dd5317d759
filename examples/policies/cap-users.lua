-- Some users may have only a part of the pool while anybody else waits.
--
-- Whoever is above the cap goes behind everybody who is not. When nobody else waits they get the rest too: nodes do
-- not stand idle for it. For a limit that holds in any case use a quota instead.

local caps = {  -- user = part of the pool's cpus and memory
  ["nightly-tests"] = 0.25,
  crawler = 0.1,
}

local max = math.max

return {
  kind = "fairness",
  version = 1,
  name = "cap-users",

  score = function(mem, cpus, _gpus, share_mem, share_cpus, _share_gpus, _priority, _submitted_ms, job)
    local held = max(mem / share_mem, cpus / share_cpus)
    local score = held / (1 + held)  -- in the same order, and below 1
    local cap = caps[job.user]
    -- A pool without nodes has nothing to take a part of.
    if cap and job.pool_cpus > 0 and max(cpus / job.pool_cpus, mem / job.pool_mem) > cap then
      return 1 + score
    end
    return score
  end,
}
