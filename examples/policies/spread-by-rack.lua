-- Tasks of one user go to the rack that has fewest of them, so that a rack that fails takes few with it; in the
-- rack, to the emptiest node.
--
-- The backend must tell the nodes' rack as an attribute. Set good_enough_fitness: 1, so that all nodes are compared.

local max = math.max

return {
  kind = "placement",
  version = 1,
  name = "spread-by-rack",

  fitness = function(used_cpus, used_mem, job_cpus, job_mem, total_cpus, total_mem, job, node)
    local rack = node.attributes.rack or node.name
    local there = (job.peers_by.rack or job.peers)[rack] or 0
    local full = max((used_cpus + job_cpus) / total_cpus, (used_mem + job_mem) / total_mem)
    -- One task more in the rack outweighs any difference between its nodes.
    return 1 / (1 + there + 0.5 * max(0, math.min(1, full)))
  end,
}
