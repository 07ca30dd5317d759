-- What the admission recipe promises. Run with: maitred policy test examples/policies/spec/admission_spec.lua

describe("project pools", function()
  local recipe = policy "examples/policies/project-pools.lua"
  local function admit(labels, pool)
    return recipe.admit {
      user = "ana", name = "align", command = "true", pool = pool or "", cpus = 1, mem = 128, gpus = 0,
      priority = 50, max_retries = 1, labels = labels, env = {},
    }
  end

  it("refuses a job without a project, and says what to do", function()
    local answer = admit({})
    expect.equal(answer.accept, false)
    expect.equal(answer.message, "Job align names no project: submit it with --label project=NAME")
  end)

  it("sends a project's jobs to its pool, whatever the user said", function()
    expect.equal(admit({ project = "genome" }, "other").change.pool, "batch")
    expect.equal(admit({ project = "pricing" }).change.pool, "night")
  end)

  it("changes nothing where nothing needs to change", function()
    expect.equal(admit({ project = "genome" }, "batch").change, nil)
    expect.equal(admit({ project = "unlisted" }, "other").change, nil)
    expect.equal(admit({ project = "unlisted" }, "other").accept, true)
  end)
end)
