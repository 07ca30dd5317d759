---@meta
-- The contract of `balancing` policies: which instance of a service gets a request.

--- Decides among instances that are healthy and have a free slot.
---@class BalancingPolicy
---@field kind "balancing"
---@field version 1 of this contract
---@field name? string shown in status and logs; otherwise the file's name
local BalancingPolicy = {}

--- Called for each candidate of each request, so keep it short. Lower is better.
---@param in_flight number requests that the instance is serving (e.g. 1)
---@param slots number requests that it may serve at a time (e.g. 4)
---@param latency_ms number smoothed time to its response heads (e.g. 12.5)
---@param failures number consecutive failures (e.g. 1)
---@param age_ms number since it became healthy (e.g. 60000)
---@return number cost lower is better
function BalancingPolicy.cost(in_flight, slots, latency_ms, failures, age_ms) end
