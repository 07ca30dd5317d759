-- Priorities above the usual are for work that was agreed upon: a job that claims one must name its
-- ticket in a label. Without it the job is taken all the same, at the usual priority, and a label keeps
-- what was asked for.

local USUAL = 50
local TICKET = "ticket"

return {
  kind = "admission",
  version = 1,
  name = "priority-cap",

  admit = function(job)
    if job.priority <= USUAL or (job.labels[TICKET] or "") ~= "" then
      return { accept = true }
    end
    local labels = {}
    for name, value in pairs(job.labels) do labels[name] = value end
    labels["requested-priority"] = string.format("%d", job.priority)
    return { accept = true, change = { priority = USUAL, labels = labels } }
  end,
}
