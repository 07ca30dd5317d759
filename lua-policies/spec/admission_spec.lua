-- What the admission policies promise. Run with: maitred policy test lua-policies/spec/admission_spec.lua

local HOUR = 3600000

local function job(changes)
  local made = {
    user = "ana", name = "simulation", command = "make all", pool = "", cpus = 1, mem = 1024, gpus = 0,
    priority = 50, max_retries = 1, labels = {}, env = {},
  }
  for name, value in pairs(changes or {}) do made[name] = value end
  return made
end

describe("accept", function()
  local accept = policy "admission/accept.lua"

  it("takes every job as it is", function()
    local answer = accept.admit(job())
    expect.equal(answer.accept, true)
    expect.equal(answer.change, nil)
  end)
end)

describe("bounded-work", function()
  local bounded = policy "admission/bounded-work.lua"

  it("limits a job that does not say how long it may run", function()
    expect.equal(bounded.admit(job()).change.max_runtime_ms, 12 * HOUR)
  end)

  it("limits a large job so that it would be accepted", function()
    local change = bounded.admit(job { cpus = 100 }).change
    expect.equal(change.max_runtime_ms, 4 * HOUR)
    expect.equal(bounded.admit(job { cpus = 100, max_runtime_ms = change.max_runtime_ms }).accept, true)
  end)

  it("refuses what is too much, and says what to do", function()
    local answer = bounded.admit(job { cpus = 8, max_runtime_ms = 51 * HOUR })
    expect.equal(answer.accept, false)
    expect.equal(answer.message, "Job simulation asks for 8 cpus for 51 hours, but one job may take 400 cpu hours: "
      .. "lower max_runtime or cpus")
  end)

  it("leaves a job alone that is within the limit", function()
    local answer = bounded.admit(job { cpus = 8, max_runtime_ms = 50 * HOUR })
    expect.equal(answer.accept, true)
    expect.equal(answer.change, nil)
  end)
end)

describe("priority-cap", function()
  local cap = policy "admission/priority-cap.lua"

  it("leaves the usual priority and lower ones", function()
    expect.equal(cap.admit(job()).change, nil)
    expect.equal(cap.admit(job { priority = 0 }).change, nil)
  end)

  it("lowers a higher one, and keeps what was asked for", function()
    local change = cap.admit(job { priority = 90, labels = { project = "climate" } }).change
    expect.equal(change.priority, 50)
    expect.equal(change.labels["requested-priority"], "90")
    expect.equal(change.labels.project, "climate")
  end)

  it("lets a higher one pass with a ticket", function()
    expect.equal(cap.admit(job { priority = 90, labels = { ticket = "OPS-7" } }).change, nil)
    expect.equal(cap.admit(job { priority = 90, labels = { ticket = "" } }).change.priority, 50)
  end)
end)
