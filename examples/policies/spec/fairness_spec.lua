-- What the fairness recipes promise. Run with: maitred policy test examples/policies/spec/fairness_spec.lua

local hour_ms = 3600 * 1000

-- A score for a user who would hold so much of a share of 10 cpus; `more` are fields of the job.
local function score(recipe, cpus, more, submitted_ms)
  local job = {
    user = "ana", name = "a", pool = "", cpus = 1, mem = 64, gpus = 0, labels = {},
    now_ms = 1000 * hour_ms, hour = 12, weekday = 2, pool_cpus = 100, pool_mem = 100000,
  }
  for name, value in pairs(more or {}) do
    job[name] = value
  end
  return recipe.score(0, cpus, 0, 10000, 10, 1, 50, submitted_ms or 0, job)
end

describe("short jobs at night", function()
  local recipe = policy "examples/policies/short-jobs-at-night.lua"
  local short, long = 5 * 60 * 1000, 8 * hour_ms

  it("is fair by day, whatever the length", function()
    expect.near(score(recipe, 5, { runtime_ms = short }), 0.5)
    expect.near(score(recipe, 5, { runtime_ms = long }), 0.5)
  end)

  it("puts a short job of a big user before a long job of a small one at night", function()
    for _, hour in ipairs({ 20, 23.9, 0, 5.9 }) do
      expect.less(score(recipe, 50, { runtime_ms = short, hour = hour }),
                  score(recipe, 5, { runtime_ms = long, hour = hour }))
    end
    expect.near(score(recipe, 5, { runtime_ms = short, hour = 6 }), 0.5)
  end)

  it("is fair between jobs of one length at night", function()
    expect.less(score(recipe, 4, { runtime_ms = short, hour = 1 }),
                score(recipe, 5, { runtime_ms = short, hour = 1 }))
  end)

  it("takes a job of unknown length for a long one", function()
    expect.less(score(recipe, 5, { runtime_ms = 11 * hour_ms, hour = 1 }), score(recipe, 5, { hour = 1 }))
    expect.equal(score(recipe, 5, { runtime_ms = 99 * hour_ms, hour = 1 }), score(recipe, 5, { hour = 1 }))
  end)
end)

describe("cap users", function()
  local recipe = policy "examples/policies/cap-users.lua"

  it("puts a capped user behind everybody beyond the cap, and treats it like all below", function()
    expect.equal(score(recipe, 10, { user = "crawler" }), score(recipe, 10, { user = "ana" }))
    expect.less(score(recipe, 90, { user = "ana" }), score(recipe, 11, { user = "crawler" }))
  end)

  it("keeps the order among those beyond", function()
    expect.less(score(recipe, 30, { user = "crawler" }), score(recipe, 40, { user = "nightly-tests" }))
  end)

  it("does not fail in a pool without nodes", function()
    expect.less(score(recipe, 11, { user = "crawler", pool_cpus = 0, pool_mem = 0 }), 1)
  end)
end)

describe("project weights", function()
  local recipe = policy "examples/policies/project-weights.lua"

  it("divides by the project's weight", function()
    expect.near(score(recipe, 6, { labels = { project = "climate" } }), 0.2)
    expect.near(score(recipe, 6, { labels = { project = "teaching" } }), 1.2)
    expect.near(score(recipe, 6, { labels = { project = "other" } }), 0.6)
    expect.near(score(recipe, 6), 0.6)
  end)
end)

describe("deadline", function()
  local recipe = policy "examples/policies/deadline.lua"
  local function due(hours)
    return { labels = { deadline = tostring((1000 + hours) * 3600) }, runtime_ms = hour_ms }
  end

  it("grows more urgent as the deadline comes nearer", function()
    expect.near(score(recipe, 10, due(10)), 1)
    expect.near(score(recipe, 10, due(3)), 0.5)
    expect.near(score(recipe, 10, due(1)), 0.01)
  end)

  it("gives up on a deadline that was missed, and ignores one that is no number", function()
    expect.near(score(recipe, 10, due(-1)), 1)
    expect.near(score(recipe, 10, { labels = { deadline = "tomorrow" } }), 1)
    expect.near(score(recipe, 10), 1)
  end)
end)

describe("ageing", function()
  local recipe = policy "examples/policies/ageing.lua"

  it("halves the score with each day of waiting", function()
    local now = 1000 * hour_ms
    expect.near(score(recipe, 10, {}, now), 1)
    expect.near(score(recipe, 10, {}, now - 24 * hour_ms), 0.5)
    expect.near(score(recipe, 10, {}, now - 96 * hour_ms), 0.0625)
  end)

  it("is not confused by a clock that was set back", function()
    expect.near(score(recipe, 10, {}, 2000 * hour_ms), 1)
  end)
end)
