-- By day the queue is fair; at night short jobs go first.
--
-- At night a job's score is its user's dominant share times the job's length in hours: a job of six minutes counts
-- a tenth of one of an hour. Jobs that do not say how long they run count as the longest.
--
-- Users say how long a job runs as `expected_runtime` or `max_runtime` (maitred cook submit --max-runtime SECONDS).

local night_from, night_to = 20, 6  -- o'clock, by the queue's local time
local longest = 12 * 3600 * 1000    -- ms; longer jobs, and those of unknown length, count like this

local max, min = math.max, math.min

local function at_night(hour)
  return hour >= night_from or hour < night_to
end

return {
  kind = "fairness",
  version = 1,
  name = "short-jobs-at-night",

  score = function(mem, cpus, _gpus, share_mem, share_cpus, _share_gpus, _priority, _submitted_ms, job)
    local held = max(mem / share_mem, cpus / share_cpus)
    if not at_night(job.hour) then
      return held
    end
    local runtime = min(job.runtime_ms or longest, longest)
    return held * max(runtime, 1000) / (3600 * 1000)
  end,
}
