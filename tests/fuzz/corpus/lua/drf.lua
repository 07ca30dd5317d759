-- Dominant resource fairness, as Cook ranks jobs ("DRU", dominant resource usage).
--
-- A job's score is the larger of two fractions: its user's memory over the user's share of memory, and the
-- same for cpus, both counted up to and including this job. Whoever would have least of the resource that
-- he uses most goes first, so a late user with few jobs passes an early one with thousands.
--
-- A user without a share has an enormous one, and the fraction becomes a tiny (subnormal) number. It still
-- orders jobs correctly: do not round it, and do not treat "nearly zero" as zero.

local max = math.max

return {
  kind = "fairness",
  version = 1,
  name = "drf",

  score = function(mem, cpus, _gpus, share_mem, share_cpus, _share_gpus, _priority, _submitted_ms)
    return max(mem / share_mem, cpus / share_cpus)
  end,
}
