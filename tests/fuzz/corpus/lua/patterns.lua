for _, p in pairs({ "%f[%w]%w+", "(%b())%1", "[^%d-]-$", "()(.)()%2?" }) do
  pcall(string.gsub, "x(1)(1) abc - 22", p, "%0%1")
  pcall(string.find, "x(1)(1) abc - 22", p, -5)
end
error({ message = string.format("%5.2f %q %s", 1.5, "a\n\0", {}) })
