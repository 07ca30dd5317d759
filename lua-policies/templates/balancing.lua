-- A balancing policy: which instance of a service gets a request.
--
--   maitred policy check FILE                       says all that is wrong with it
--   maitred policy eval FILE cost 1 4 12.5 0 60000  tries it

-- An instance that has just become healthy is still warming up.
local warm_ms = 30 * 1000

return {
  kind = "balancing",
  version = 1,            -- of this contract
  name = "my-balancing",  -- in status and logs

  -- Called for each candidate of each request, so keep it short. Only healthy instances with a free slot are asked
  -- about; the one with the lowest cost gets the request.
  --
  --   in_flight     requests that it is serving
  --   slots         requests that it may serve at a time
  --   latency_ms    smoothed time to its response heads
  --   failures      consecutive ones
  --   age_ms        since it became healthy
  --
  -- Returns a number; the lowest is taken.
  cost = function(in_flight, slots, latency_ms, failures, age_ms)
    local load = in_flight / slots
    local slow = latency_ms / (latency_ms + 100)  -- 0 to 1
    local cold = age_ms < warm_ms and 0.5 or 0
    return load + slow + cold + failures
  end,
}
