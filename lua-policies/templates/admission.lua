-- An admission policy: whether a submission is taken, and what is changed in it first.
--
--   maitred policy check FILE                                     says all that is wrong with it
--   maitred policy eval FILE admit '{user = "ana", cpus = 2, …}'  tries it

-- Labels that every job must have.
local required = {}  -- e.g. {"project"}

return {
  kind = "admission",
  version = 1,            -- of this contract
  name = "my-admission",  -- in status and logs

  -- Called once for each job that is submitted, before it is stored.
  --
  --   job.user, job.name, job.command, job.pool        texts
  --   job.cpus, job.mem, job.gpus                      memory in MiB
  --   job.priority, job.max_retries, job.max_runtime_ms
  --   job.labels.NAME, job.env.NAME                    texts; reports of failures never show the values of env
  --
  -- Returns a table:
  --   accept     true or false
  --   message    to the user; say why it is refused, and what to do
  --   change     fields to change: pool, priority, max_retries, max_runtime_ms, labels, env
  admit = function(job)
    for _, label in ipairs(required) do
      if job.labels[label] == nil then
        return { accept = false, message = "the label " .. label .. " is missing: add it" }
      end
    end
    return { accept = true }
  end,
}
