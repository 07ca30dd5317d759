---@meta
-- The contract of `fairness` policies: in which order waiting and running jobs of all users stand.
-- This file is the single source: the engine checks policies against it, editors complete from it.

--- Orders jobs. The queue sorts each user's jobs by priority and time, asks for a score of each one in that
--- order, and merges the users' lists by it: lower goes first.
---@class FairnessPolicy
---@field kind "fairness"
---@field version 1 of this contract
---@field name? string shown in status and logs; otherwise the file's name
local FairnessPolicy = {}

--- Called for every job in every round, so keep it short. Must not depend on anything but its arguments.
--- Within one user's list scores should not fall from one job to the next.
---@param mem number MiB that the user holds, up to and including this job (e.g. 2048)
---@param cpus number the same in cpus (e.g. 2)
---@param gpus number the same in gpus (e.g. 1)
---@param share_mem number the user's share: weight for fairness; larger than 10^300 if none is set (e.g. 4096)
---@param share_cpus number the same for cpus (e.g. 4)
---@param share_gpus number the same for gpus (e.g. 2)
---@param priority number of the job, 0 to 16000000, normally 50; higher is more urgent (e.g. 50)
---@param submitted_ms number when the job was submitted, in milliseconds since 1970 (e.g. 1700000000000)
---@param job? WaitingJob more about the job; leave it away if you do not need it
---@return number score lower goes first
function FairnessPolicy.score(mem, cpus, gpus, share_mem, share_cpus, share_gpus, priority, submitted_ms, job) end
