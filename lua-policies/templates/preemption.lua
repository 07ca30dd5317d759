-- A preemption policy: which running tasks make room for a waiting job.
--
--   maitred policy check FILE                                         says all that is wrong with it
--   maitred policy eval FILE may_preempt '{score = 2, …}' '{score = 1, …}'  tries it

-- How much lower the job's score must be: it keeps two users from pushing each other out in turns.
local distance = 0.5

return {
  kind = "preemption",
  version = 1,             -- of this contract
  name = "my-preemption",  -- in status and logs

  -- May this task be stopped for that job?
  --
  --   task.user, task.cpus, task.mem, task.gpus, task.priority
  --   task.score          by the fairness policy: high means far beyond the share
  --   task.running_ms     how long it has been running
  --   task.preemptible    whether its user allows it
  --   job.user, job.cpus, job.mem, job.gpus, job.priority
  --   job.score           what the job would have if it ran now
  --   job.waiting_ms      how long it has been waiting
  --
  -- Returns true or false.
  may_preempt = function(task, job)
    return task.preemptible and task.user ~= job.user and task.score - job.score >= distance
  end,

  -- How much better it is to stop these tasks, which are all on one node and together enough for the job, than to
  -- leave everything as it is. The choice with the highest gain is taken; zero or less: none.
  gain = function(tasks, job)
    local lowest = math.huge
    for _, task in ipairs(tasks) do
      lowest = math.min(lowest, task.score)
    end
    return lowest < math.huge and lowest - job.score or 0
  end,
}
