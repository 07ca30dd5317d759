-- Nobody waits for ever: every day of waiting takes half of what is left of a job's score.
--
-- Fairness compares what users hold, so one who holds much can wait for as long as others come. Here a job that has
-- waited for four days counts a sixteenth.

local half_ms = 24 * 3600 * 1000

local max = math.max

return {
  kind = "fairness",
  version = 1,
  name = "ageing",

  score = function(mem, cpus, _gpus, share_mem, share_cpus, _share_gpus, _priority, submitted_ms, job)
    local waited = max(0, job.now_ms - submitted_ms)
    return max(mem / share_mem, cpus / share_cpus) * 0.5 ^ (waited / half_ms)
  end,
}
