-- A fairness policy: in which order the waiting jobs of all users go.
--
-- The queue keeps each user's own jobs in order: higher priority first, then older first. Along that order it asks
-- for a score of each job, and merges the users' lists by it: the lowest score goes first. What follows does what
-- the queue does without a policy (dominant resource fairness); change it to what you want.
--
--   maitred policy check FILE           says all that is wrong with it, and what a call costs
--   maitred policy eval FILE --live     shows the running queue's order under it, beside the present one

local max = math.max

return {
  kind = "fairness",
  version = 1,           -- of this contract
  name = "my-fairness",  -- in status and logs

  -- Called for every job that may be next, so keep it short. A name that starts with _ is not used.
  --
  --   mem, cpus, gpus                      what the user would hold with this job (memory in MiB): all that runs,
  --                                        and the user's waiting jobs up to and including this one
  --   share_mem, share_cpus, share_gpus    what the user is entitled to; above 10^300 if nothing is set
  --   priority                             of the job, 0 to 16000000, normally 50; higher is more urgent
  --   submitted_ms                         when it was submitted, in milliseconds since 1970
  --
  -- One more parameter may follow, `job`, a table with more about it. Calls without it are several times faster.
  --   job.user, job.name, job.pool         texts
  --   job.cpus, job.mem, job.gpus          what this job alone asks for
  --   job.runtime_ms                       how long it is expected to run; nil if the user did not say
  --   job.labels.NAME                      what the user wrote to it
  --   job.now_ms, job.hour, job.weekday    the time; hour is 0 to 24 in local time, Monday is 1
  --   job.pool_cpus, job.pool_mem          of all nodes together
  --
  -- Returns a number; the lowest goes first. Along one user's list it should not fall.
  score = function(mem, cpus, _gpus, share_mem, share_cpus, _share_gpus, _priority, _submitted_ms)
    return max(mem / share_mem, cpus / share_cpus)
  end,
}
