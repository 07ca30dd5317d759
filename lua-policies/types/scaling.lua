---@meta
-- The contract of `scaling` policies: how many instances a service should have.

--- Counts are smoothed by the router over its scaling interval.
---@class ScalingState
---@field outstanding number requests that wait or are being served, e.g. 12
---@field healthy number instances that take requests, e.g. 3
---@field starting number instances on their way, e.g. 1
---@field expired number instances that are to be replaced, e.g. 1
---@field target number instances decided last time, e.g. 4
---@field min number of the service's description, e.g. 1
---@field max number of the service's description, e.g. 100
---@field concurrency number requests that one instance serves at a time, e.g. 2
---@field idle_ms number since the last request, e.g. 1500
---@field since_ms number since the last decision, e.g. 5000

---@class ScalingPolicy
---@field kind "scaling"
---@field version 1 of this contract
---@field name? string shown in status and logs; otherwise the file's name
local ScalingPolicy = {}

--- Called for each service at each interval. The answer is kept within min and max by the router.
---@param state ScalingState
---@return number instances 0..1000000, rounded to the nearest whole number
function ScalingPolicy.target(state) end
