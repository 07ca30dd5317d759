-- Before a freeze only those jobs start that are over when it begins; during it none do.
--
-- For maintenance, backups, or a release. What runs already goes on, so jobs should say how long they run
-- (maitred cook submit --max-runtime SECONDS): one that does not counts as `unknown`.

local windows = {  -- weekday 1 is Monday; hours of the queue's local time
  { weekday = 5, from = 18, to = 22 },
  { weekday = 7, from = 0, to = 6 },
}
local unknown = 1  -- hours; the queue ends every attempt after task_constraints.timeout, 1 hour by default

-- Hours until the next freeze; 0 in one.
local function hours_left(weekday, hour)
  local now = (weekday - 1) * 24 + hour
  local left = math.huge
  for _, window in ipairs(windows) do
    local from = (window.weekday - 1) * 24 + window.from
    local since = (now - from) % 168  -- a week has 168 hours
    if since < window.to - window.from then
      return 0
    end
    left = math.min(left, 168 - since)
  end
  return left
end

return {
  kind = "placement",
  version = 1,
  name = "freeze-window",

  fitness = function(used_cpus, used_mem, job_cpus, job_mem, total_cpus, total_mem, job, _node)
    local hours = job.runtime_ms and job.runtime_ms / (3600 * 1000) or unknown
    if hours > hours_left(job.weekday, job.hour) then
      return false
    end
    return math.min(1, ((used_cpus + job_cpus) / total_cpus + (used_mem + job_mem) / total_mem) / 2)
  end,
}
