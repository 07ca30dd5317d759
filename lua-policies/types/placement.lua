---@meta
-- The contract of `placement` policies: which of the nodes with room gets a task.

---@class PlacementJob: WaitingJob
---@field peers table<string, number> tasks of the same user by the name of the node on which they run
---@field peers_by table<string, table<string, number>> the same by attribute and its value: peers_by.rack.r1

---@class PlacementNode
---@field name string its host name, e.g. "node-7"
---@field attributes table<string, string> as the backend tells them; of several values the first

--- Judges how well a task fits on a node. Only nodes with enough room that meet the job's constraints are
--- asked for; the one with the highest fitness gets the task.
---@class PlacementPolicy
---@field kind "placement"
---@field version 1 of this contract
---@field name? string shown in status and logs; otherwise the file's name
local PlacementPolicy = {}

--- Called for every pair of job and node, so keep it short.
---@param used_cpus number cpus in use on the node, without this job (e.g. 3)
---@param used_mem number MiB in use on the node, without this job (e.g. 4096)
---@param job_cpus number cpus that the job asks for (e.g. 1)
---@param job_mem number MiB that the job asks for (e.g. 1024)
---@param total_cpus number cpus of the node (e.g. 8)
---@param total_mem number MiB of the node (e.g. 16384)
---@param job? PlacementJob more about the job; leave it and the next one away if you need neither
---@param node? PlacementNode more about the node
---@return number|false fitness 0..1, higher is better; false: not on this node, now
function PlacementPolicy.fitness(used_cpus, used_mem, job_cpus, job_mem, total_cpus, total_mem, job, node) end
