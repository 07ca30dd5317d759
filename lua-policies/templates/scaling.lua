-- A scaling policy: how many instances a service should have.
--
--   maitred policy check FILE                                          says all that is wrong with it
--   maitred policy eval FILE target '{outstanding = 12, healthy = 3, …}'  tries it

-- A service without requests for so long needs none but its minimum.
local idle_ms = 10 * 60 * 1000

return {
  kind = "scaling",
  version = 1,          -- of this contract
  name = "my-scaling",  -- in status and logs

  -- Called for each service at each interval. Counts are smoothed over it.
  --
  --   state.outstanding                    requests that wait or are being served
  --   state.healthy, starting, expired     instances that take requests, are on their way, are to be replaced
  --   state.target                         what was decided last time
  --   state.min, state.max                 of the service's description; the answer is kept within them
  --   state.concurrency                    requests that one instance serves at a time
  --   state.idle_ms, state.since_ms        since the last request, and since the last decision
  --
  -- Returns a number of instances, rounded to a whole one.
  target = function(state)
    if state.outstanding == 0 and state.idle_ms >= idle_ms then
      return state.min
    end
    local needed = math.ceil(state.outstanding / math.max(1, state.concurrency))
    -- Down by a quarter at a time, so that a short pause does not cost every instance.
    return math.max(needed, math.floor(state.target * 0.75))
  end,
}
