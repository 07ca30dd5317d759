-- What the fairness policies promise. Run with: maitred policy test lua-policies/spec/fairness_spec.lua

local unlimited = 1.7976931348623157e308  -- the share of a user for whom none is set

describe("drf", function()
  local drf = policy "fairness/drf.lua"

  -- Share 25 MiB and 25 cpus for everybody; the rest does not matter to this policy.
  local function dru(mem, cpus)
    return drf.score(mem, cpus, 0, 25, 25, unlimited, 50, 0)
  end

  it("takes the larger of the two fractions, accumulated", function()
    expect.near(dru(10, 10), 0.4)
    expect.near(dru(15, 15), 0.6)
    expect.near(dru(30, 40), 1.6)
    expect.near(dru(55, 55), 2.2)
  end)

  it("halves when the share doubles", function()
    expect.near(drf.score(10, 10, 0, 50, 50, 1, 50, 0), dru(10, 10) / 2)
  end)

  it("puts the user with the smaller dominant share first", function()
    expect.less(dru(1, 10), dru(11, 1))
  end)

  it("orders users without a share by subnormal fractions", function()
    local one = drf.score(1000, 1, 0, unlimited, unlimited, unlimited, 50, 0)
    local two = drf.score(1500, 1, 0, unlimited, unlimited, unlimited, 50, 0)
    expect.less(0, one)
    expect.less(one, two)
  end)

  it("looks neither at the priority nor at the time", function()
    expect.equal(drf.score(5, 5, 0, 25, 25, 1, 0, 1), drf.score(5, 5, 0, 25, 25, 1, 100, 2))
  end)
end)

describe("fifo", function()
  local fifo = policy "fairness/fifo.lua"

  it("puts the earlier job first, whatever its user holds", function()
    local early = fifo.score(1e6, 1000, 0, 1, 1, 1, 0, 1700000000000)
    local late = fifo.score(1, 1, 0, 1, 1, 1, 100, 1700000000001)
    expect.less(early, late)
  end)
end)

describe("priority", function()
  local urgent = policy "fairness/priority.lua"

  local function score(usage, priority)
    return urgent.score(usage, 0, 0, 1, 1, 1, priority, 0)
  end

  it("puts the higher priority first, whatever the usage", function()
    expect.less(score(1e9, 51), score(0.001, 50))
    expect.less(score(1e300, 1), score(0, 0))
  end)

  it("is fair among jobs of one priority", function()
    expect.less(score(0.5, 50), score(0.6, 50))
    expect.less(score(3, 50), score(4, 50))
  end)

  it("tells the tiny usages of users without a share apart", function()
    expect.less(urgent.score(1000, 1, 0, unlimited, unlimited, 1, 50, 0),
                urgent.score(1500, 1, 0, unlimited, unlimited, 1, 50, 0))
    expect.less(score(0, 50), urgent.score(1, 1, 0, unlimited, unlimited, 1, 50, 0))
  end)
end)
