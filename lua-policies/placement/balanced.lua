-- Balanced: cpus and memory of a node are used up alike, so that nothing is stranded: a node whose memory
-- is full while its cpus idle takes no more jobs. Of nodes that become equally balanced the fuller goes first.

return {
  kind = "placement",
  version = 1,
  name = "balanced",

  fitness = function(used_cpus, used_mem, job_cpus, job_mem, total_cpus, total_mem)
    local cpus = (used_cpus + job_cpus) / total_cpus
    local mem = (used_mem + job_mem) / total_mem
    local packing = math.min(1, (cpus + mem) / 2)
    -- The balance decides; packing, of which there is always some, between equals.
    return math.max(0, 0.8 * (1 - math.abs(cpus - mem)) + 0.2 * packing)
  end,
}
