-- Jobs of important projects count less against their users: twice the weight, half the score.
--
-- A job names its project in a label (maitred cook submit --label project=climate).

local weights = {
  climate = 3,
  teaching = 0.5,
}

local max = math.max

return {
  kind = "fairness",
  version = 1,
  name = "project-weights",

  score = function(mem, cpus, _gpus, share_mem, share_cpus, _share_gpus, _priority, _submitted_ms, job)
    local held = max(mem / share_mem, cpus / share_cpus)
    return held / (weights[job.labels.project] or 1)
  end,
}
