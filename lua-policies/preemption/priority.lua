-- By priority: a task makes room only for a job of a higher priority, whoever owns the two. Where several
-- nodes come into question, few tasks of a low priority go rather than many or important ones. Tasks of jobs
-- with the label preemptible=false are spared.

return {
  kind = "preemption",
  version = 1,
  name = "priority",

  may_preempt = function(task, job)
    return task.preemptible and task.priority < job.priority
  end,

  gain = function(tasks, job)
    local highest = -math.huge
    for _, task in ipairs(tasks) do
      highest = math.max(highest, task.priority)
    end
    return (job.priority - highest) / #tasks
  end,
}
