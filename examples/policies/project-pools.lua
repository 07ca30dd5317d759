-- Every job names its project, and each project has its pool: users write `--label project=…`, and need
-- not know where it runs. A job without a project is refused with a sentence; one of a project that is
-- not listed goes where its user says.

local LABEL = "project"
local POOL_OF = { genome = "batch", pricing = "night" }

return {
  kind = "admission",
  version = 1,
  name = "project-pools",

  admit = function(job)
    local project = job.labels[LABEL] or ""
    if project == "" then
      return {
        accept = false,
        message = string.format("Job %s names no project: submit it with --label %s=NAME", job.name, LABEL),
      }
    end
    local pool = POOL_OF[project]
    if pool == nil or pool == job.pool then return { accept = true } end
    return { accept = true, change = { pool = pool } }
  end,
}
