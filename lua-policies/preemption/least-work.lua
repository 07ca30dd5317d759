-- Least work lost: of the tasks that are above their users' shares, stop those that have done least so far.
-- Long tasks get to their end under a steady stream of newcomers; the price is that a user of many short
-- tasks is hit more often. Tasks of jobs with the label preemptible=false are spared.

return {
  kind = "preemption",
  version = 1,
  name = "least-work",

  may_preempt = function(task, job)
    return task.preemptible and task.score > job.score
  end,

  gain = function(tasks, _job)
    local lost = 0  -- cpu seconds
    for _, task in ipairs(tasks) do
      lost = lost + task.cpus * task.running_ms / 1000
    end
    return 1 / (1 + lost)
  end,
}
