-- What the preemption policies promise. Run with: maitred policy test lua-policies/spec/preemption_spec.lua

local function task(fields)
  local made = {
    user = "ana", score = 2, cpus = 1, mem = 1024, gpus = 0, priority = 50, running_ms = 60000, preemptible = true,
  }
  for name, value in pairs(fields or {}) do made[name] = value end
  return made
end

local job = { user = "ben", score = 0.5, cpus = 1, mem = 1024, gpus = 0, priority = 50, waiting_ms = 1000 }
local urgent = { user = "ben", score = 0.5, cpus = 1, mem = 1024, gpus = 0, priority = 60, waiting_ms = 1000 }

describe("dru", function()
  local dru = policy "preemption/dru.lua"

  it("stops nobody who is not above the job", function()
    expect.equal(dru.may_preempt(task { score = 0.5 }, job), false)
    expect.equal(dru.may_preempt(task { score = 0.6 }, job), true)
  end)

  it("looks at the least unfair task that has to go", function()
    expect.near(dru.gain({ task { score = 2.2 } }, job), 1.7)
    expect.near(dru.gain({ task { score = 2.2 }, task { score = 1.6 } }, job), 1.1)
  end)

  it("asks nothing of labels and priorities", function()
    expect.equal(dru.may_preempt(task { preemptible = false, priority = 100 }, job), true)
  end)
end)

describe("least-work", function()
  local least = policy "preemption/least-work.lua"

  it("prefers what has just begun", function()
    expect.less(least.gain({ task { running_ms = 3600000 } }, job), least.gain({ task { running_ms = 1000 } }, job))
  end)

  it("counts all that is lost", function()
    local one = task { cpus = 4, running_ms = 10000 }
    expect.less(least.gain({ one, one }, job), least.gain({ one }, job))
    expect.less(0, least.gain({ one, one }, job))
  end)

  it("spares who is fair and what says so", function()
    expect.equal(least.may_preempt(task { score = 0.4 }, job), false)
    expect.equal(least.may_preempt(task { preemptible = false }, job), false)
    expect.equal(least.may_preempt(task(), job), true)
  end)
end)

describe("priority", function()
  local priority = policy "preemption/priority.lua"

  it("makes room only for what is more important", function()
    expect.equal(priority.may_preempt(task(), job), false)
    expect.equal(priority.may_preempt(task(), urgent), true)
    expect.equal(priority.may_preempt(task { preemptible = false }, urgent), false)
  end)

  it("prefers few tasks of a low priority", function()
    local low, high = task { priority = 10 }, task { priority = 55 }
    expect.less(priority.gain({ high }, urgent), priority.gain({ low }, urgent))
    expect.less(priority.gain({ low, low }, urgent), priority.gain({ low }, urgent))
  end)
end)
