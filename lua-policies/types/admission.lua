---@meta
-- The contract of `admission` policies: validate or amend a submission.

---@class AdmissionJob
---@field user string e.g. "ana"
---@field name string e.g. "simulation"
---@field command string e.g. "make all"
---@field pool string e.g. "default"
---@field cpus number e.g. 1
---@field mem number MiB, e.g. 1024
---@field gpus number e.g. 1
---@field priority number 0 to 16000000, e.g. 50
---@field max_retries number e.g. 3
---@field max_runtime_ms? number
---@field labels table<string, string>
---@field env table<string, string> secret: never shown in a report

--- Fields to change; what is not named stays.
---@class AdmissionChanges
---@field pool? string
---@field priority? number
---@field max_retries? number
---@field max_runtime_ms? number
---@field labels? table<string, string>
---@field env? table<string, string>

---@class AdmissionAnswer
---@field accept boolean
---@field message? string to the user; say why, and what to do, if it is refused
---@field change? AdmissionChanges

---@class AdmissionPolicy
---@field kind "admission"
---@field version 1 of this contract
---@field name? string shown in status and logs; otherwise the file's name
local AdmissionPolicy = {}

--- Called once for each job that is submitted, before it is stored.
---@param job AdmissionJob as it was submitted, defaults filled in
---@return AdmissionAnswer answer
function AdmissionPolicy.admit(job) end
