-- Jobs with a deadline become more urgent as it comes nearer.
--
-- The deadline is a label, in seconds since 1970 (maitred cook submit --label deadline=$(date -d 'today 18:00' +%s)).
-- What counts is the time that is left once the job's own length is taken off. Below `horizon` the score shrinks with
-- it, down to a hundredth. A deadline that was missed is no reason to hurry any more.

local horizon = 4 * 3600 * 1000  -- ms

local max, min = math.max, math.min

local function urgency(job)
  local deadline = tonumber(job.labels.deadline)
  if deadline == nil then
    return 1
  end
  local left = deadline * 1000 - job.now_ms
  if left < 0 then
    return 1
  end
  local slack = left - (job.runtime_ms or 0)
  return min(1, max(0.01, slack / horizon))
end

return {
  kind = "fairness",
  version = 1,
  name = "deadline",

  score = function(mem, cpus, _gpus, share_mem, share_cpus, _share_gpus, _priority, _submitted_ms, job)
    return max(mem / share_mem, cpus / share_cpus) * urgency(job)
  end,
}
