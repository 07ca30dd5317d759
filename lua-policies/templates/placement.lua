-- A placement policy: which of the nodes with room gets a job.
--
-- Only nodes that have the room and meet the job's constraints are asked about, the fullest first; the one with the
-- highest fitness gets the job. The search ends at a fitness above the queue's good_enough_fitness (0.8): set that
-- to 1 if your policy prefers other nodes than full ones. What follows is bin packing, as the queue does it without
-- a policy; change it to what you want.
--
--   maitred policy check FILE           says all that is wrong with it, and what a call costs
--   maitred policy eval FILE --live     shows where the running queue's jobs would go, beside where they go now

return {
  kind = "placement",
  version = 1,            -- of this contract
  name = "my-placement",  -- in status and logs

  -- Called for every pair of job and node, so keep it short. A name that starts with _ is not used.
  --
  --   used_cpus, used_mem      in use on the node, without this job (memory in MiB)
  --   job_cpus, job_mem        what the job asks for
  --   total_cpus, total_mem    what the node has
  --
  -- Two more parameters may follow, `job` and `node`: tables with more about them. Calls without are several times
  -- faster.
  --   job.user, job.name, job.pool, job.labels.NAME, job.runtime_ms, job.now_ms, job.hour, job.weekday, …
  --   node.name                            the host's
  --   node.attributes.NAME                 as the backend tells them, e.g. node.attributes.rack; nil if it has none
  --   job.peers[node.name]                 tasks of the same user on this node; nil if there is none
  --   job.peers_by.rack                    the same by the value of attribute rack: {r1 = 3}; nil if there is none
  --
  -- Returns a number from 0 to 1, the higher the better; or false: not on this node, now.
  fitness = function(used_cpus, used_mem, job_cpus, job_mem, total_cpus, total_mem)
    local cpus = (used_cpus + job_cpus) / total_cpus
    local mem = (used_mem + job_mem) / total_mem
    return math.min(1, (cpus + mem) / 2)
  end,
}
