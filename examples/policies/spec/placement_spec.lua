-- What the placement recipes promise. Run with: maitred policy test examples/policies/spec/placement_spec.lua

local hour_ms = 3600 * 1000

local function fitness(recipe, job, node, used_cpus, job_cpus)
  job.peers = job.peers or {}
  job.peers_by = job.peers_by or {}
  node.name = node.name or "n1"
  node.attributes = node.attributes or {}
  return recipe.fitness(used_cpus or 0, 0, job_cpus or 1, 1024, 16, 65536, job, node)
end

describe("spread by rack", function()
  local recipe = policy "examples/policies/spread-by-rack.lua"
  local job = { peers = { n1 = 2 }, peers_by = { rack = { r1 = 2, r2 = 1 } } }

  it("prefers the rack with fewer tasks of the user, however full its nodes are", function()
    expect.less(fitness(recipe, job, { attributes = { rack = "r1" } }, 0),
                fitness(recipe, job, { attributes = { rack = "r2" } }, 15))
    expect.less(fitness(recipe, job, { attributes = { rack = "r2" } }, 0),
                fitness(recipe, job, { attributes = { rack = "r3" } }, 15))
  end)

  it("prefers the emptier node of a rack", function()
    expect.less(fitness(recipe, job, { attributes = { rack = "r1" } }, 8),
                fitness(recipe, job, { attributes = { rack = "r1" } }, 2))
  end)

  it("spreads over nodes where there are no racks", function()
    local alone = { peers = { n1 = 1 } }
    expect.less(fitness(recipe, alone, { name = "n1" }), fitness(recipe, alone, { name = "n2" }))
  end)
end)

describe("freeze window", function()
  local recipe = policy "examples/policies/freeze-window.lua"
  local function at(weekday, hour, hours)
    return fitness(recipe, { weekday = weekday, hour = hour, runtime_ms = hours and hours * hour_ms }, {})
  end

  it("starts nothing in a freeze", function()
    expect.equal(at(5, 18, 0.1), false)
    expect.equal(at(5, 21.9, 0.1), false)
    expect.equal(at(7, 0, 0.1), false)
  end)

  it("starts before it what is over in time", function()
    expect.less(0, at(5, 16, 2))
    expect.equal(at(5, 16, 2.1), false)
    expect.less(0, at(6, 22, 2))
  end)

  it("takes an unknown length for an hour", function()
    expect.less(0, at(5, 17))
    expect.equal(at(5, 17.1), false)
  end)

  it("starts everything far from a freeze", function()
    expect.less(0, at(5, 22, 20))
    expect.less(0, at(1, 12, 72))
  end)
end)

describe("reserve large nodes", function()
  local recipe = policy "examples/policies/reserve-large-nodes.lua"
  local large, normal = { attributes = { class = "large" } }, {}

  it("keeps small jobs away from large nodes", function()
    expect.equal(fitness(recipe, {}, large, 0, 1), false)
    expect.less(0, fitness(recipe, {}, normal, 0, 1))
    expect.less(0, fitness(recipe, {}, large, 0, 8))
  end)
end)
