-- Cook's rule: stop whoever is furthest above their share, and nobody who is not above the waiting job.
--
-- The gain of a choice is how much the least unfair task that has to go is above the job: a node where only
-- very unfair tasks go is better than one where a fair one has to go as well. The queue's thresholds
-- (rebalancer.safe_dru_threshold and rebalancer.min_dru_diff) hold before this is asked.

return {
  kind = "preemption",
  version = 1,
  name = "dru",

  may_preempt = function(task, job)
    return task.score > job.score
  end,

  gain = function(tasks, job)
    local least = math.huge
    for _, task in ipairs(tasks) do
      least = math.min(least, task.score)
    end
    return least - job.score
  end,
}
