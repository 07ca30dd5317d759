local x <close> = setmetatable({}, {__close = function() while true do end end})
local co = coroutine.wrap(function() pcall(function() while true do end end) end)
pcall(co)
local s = ("a"):rep(1000):gsub("(.-)%1", "%0"):find("a*a*a*b")
return { kind = "fairness", version = 1, score = function(...) return select("#", ...) // 1 end }
