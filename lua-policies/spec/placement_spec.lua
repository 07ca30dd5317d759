-- What the placement policies promise. Run with: maitred policy test lua-policies/spec/placement_spec.lua

describe("bin-packing", function()
  local packing = policy "placement/bin-packing.lua"

  it("averages how full cpus and memory would be", function()
    expect.near(packing.fitness(3, 4096, 1, 4096, 8, 16384), 0.5)
  end)

  it("prefers the fuller node", function()
    expect.less(packing.fitness(0, 0, 1, 1024, 8, 16384), packing.fitness(4, 8192, 1, 1024, 8, 16384))
  end)

  it("is 1 for a node that becomes exactly full, and never more", function()
    expect.equal(packing.fitness(7, 15360, 1, 1024, 8, 16384), 1)
    expect.equal(packing.fitness(8, 16384, 1, 1024, 8, 16384), 1)
  end)
end)

describe("spread", function()
  local spread = policy "placement/spread.lua"

  it("prefers the emptier node", function()
    expect.less(spread.fitness(4, 8192, 1, 1024, 8, 16384), spread.fitness(0, 0, 1, 1024, 8, 16384))
  end)

  it("counts the fuller resource", function()
    expect.near(spread.fitness(0, 16384 - 1024, 1, 1024, 8, 16384), 0)
    expect.near(spread.fitness(1, 0, 1, 1024, 8, 16384), 0.75)
  end)

  it("is never below 0", function()
    expect.equal(spread.fitness(9, 0, 1, 0, 8, 16384), 0)
  end)
end)

describe("balanced", function()
  local balanced = policy "placement/balanced.lua"

  it("prefers the node whose cpus and memory are then used alike", function()
    -- A job with much memory: to where cpus are in use, and not to where memory is.
    expect.less(balanced.fitness(0, 8192, 1, 8192, 8, 16384), balanced.fitness(4, 0, 1, 8192, 8, 16384))
  end)

  it("prefers the fuller of two that are equally balanced", function()
    expect.less(balanced.fitness(0, 0, 1, 2048, 8, 16384), balanced.fitness(4, 8192, 1, 2048, 8, 16384))
  end)

  it("is 1 for a node that becomes exactly full, and never below 0", function()
    expect.near(balanced.fitness(7, 15360, 1, 1024, 8, 16384), 1)
    expect.equal(balanced.fitness(0, 0, 16, 0, 8, 16384) >= 0, true)
  end)
end)
