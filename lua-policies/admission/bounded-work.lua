-- No job may take more than so many cpu hours, so that nobody blocks a node for weeks by a slip of the
-- pen. A job that does not say how long it may run gets a limit; one that asks for more is refused.

local MOST_CPU_HOURS = 400
local DEFAULT_HOURS = 12
local MS_PER_HOUR = 3600000

return {
  kind = "admission",
  version = 1,
  name = "bounded-work",

  admit = function(job)
    -- For the largest jobs the default is shorter: it must be a time that would be accepted.
    local most_ms = math.floor(MOST_CPU_HOURS / job.cpus * MS_PER_HOUR)
    if job.max_runtime_ms == nil then
      return { accept = true, change = { max_runtime_ms = math.min(DEFAULT_HOURS * MS_PER_HOUR, most_ms) } }
    end
    if job.max_runtime_ms > most_ms then
      return {
        accept = false,
        message = string.format(
          "Job %s asks for %g cpus for %g hours, but one job may take %g cpu hours: lower max_runtime or cpus",
          job.name, job.cpus, job.max_runtime_ms / MS_PER_HOUR, MOST_CPU_HOURS),
      }
    end
    return { accept = true }
  end,
}
