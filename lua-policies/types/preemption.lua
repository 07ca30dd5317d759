---@meta
-- The contract of `preemption` policies: which running tasks make room for a waiting job.

---@class PreemptionTask
---@field user string e.g. "ana"
---@field score number by the fairness policy; high means far beyond the share (e.g. 1.6)
---@field cpus number e.g. 2
---@field mem number MiB, e.g. 2048
---@field gpus number e.g. 1
---@field priority number 0 to 16000000, e.g. 50
---@field running_ms number how long it has been running, e.g. 60000
---@field preemptible boolean

---@class PreemptionJob
---@field user string e.g. "bo"
---@field score number that the job would have if it ran now (e.g. 0.4)
---@field cpus number e.g. 1
---@field mem number MiB, e.g. 1024
---@field gpus number e.g. 1
---@field priority number 0 to 16000000, e.g. 50
---@field waiting_ms number e.g. 300000

---@class PreemptionPolicy
---@field kind "preemption"
---@field version 1 of this contract
---@field name? string shown in status and logs; otherwise the file's name
local PreemptionPolicy = {}

--- May this task be stopped for that job?
---@param task PreemptionTask that runs
---@param job PreemptionJob that waits
---@return boolean allowed
function PreemptionPolicy.may_preempt(task, job) end

--- How much better it is to stop these tasks for the job than to leave everything as it is.
---@param tasks PreemptionTask[] of one node, together enough for the job
---@param job PreemptionJob
---@return number gain the choice with the highest gain is taken; zero or less: none
function PreemptionPolicy.gain(tasks, job) end
