-- First come, first served, over all users: the job that was submitted first goes first.
--
-- Simple, and unfair on purpose: a user with a thousand jobs makes everybody wait who comes later. Useful
-- for a machine of one's own, and to see what the other policies are good for.

return {
  kind = "fairness",
  version = 1,
  name = "fifo",

  score = function(_mem, _cpus, _gpus, _share_mem, _share_cpus, _share_gpus, _priority, submitted_ms)
    return submitted_ms
  end,
}
