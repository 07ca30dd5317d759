-- Spread: the emptiest node first, so that jobs disturb each other as little as possible and a lost node
-- takes few with it. Large jobs wait longer than with bin packing, since every node is partly used.

return {
  kind = "placement",
  version = 1,
  name = "spread",

  fitness = function(used_cpus, used_mem, job_cpus, job_mem, total_cpus, total_mem)
    -- The fuller resource counts: a node without free memory is full, however many cpus idle.
    local fullest = math.max((used_cpus + job_cpus) / total_cpus, (used_mem + job_mem) / total_mem)
    return math.max(0, 1 - fullest)
  end,
}
