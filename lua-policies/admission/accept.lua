-- As Cook does, and as is built in: whatever passes the queue's own checks (limits of one job, quotas,
-- rates) is taken as it is. A place to start from.

return {
  kind = "admission",
  version = 1,
  name = "accept",

  admit = function(_job)
    return { accept = true }
  end,
}
