#pragma once
// Short ways to load and call policies in tests.

#include <maitred/lua.h>

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace maitred::lua {

constexpr const char* scoreParameters =
    "mem, cpus, gpus, share_mem, share_cpus, share_gpus, priority, submitted_ms";

// A fairness policy with that body of score(); `before` stands above it in the file.
inline std::string fairness(const std::string& body, const std::string& before = "") {
  return before + "\nreturn { kind = \"fairness\", version = 1, score = function(" +
         scoreParameters + ")\n" + body + "\nend }";
}

// A body that behaves on the trial call (whose mem is 2048) and does `body` otherwise.
inline std::string later(const std::string& body) {
  return "if mem == 2048 then return 1 end\n" + body;
}

inline Loaded load(const std::string& text, Limits limits = {}) {
  Policy::Options options;
  options.kind = "fairness";
  options.limits = limits;
  return Policy::loadText("test.lua", text, options);
}

inline const std::vector<double>& ones() {
  static const std::vector<double> values(8, 1.0);
  return values;
}

// What calling score with ones gives: its report, or "= NUMBER" as message.
inline Report scoreOnce(Policy& policy) {
  double out = 0;
  Report report;
  if (!policy.call(functionOf("fairness", "score"), ones(), out)) return policy.failure();
  report.message = "= " + Value(out).literal();
  return report;
}

// Loads a policy whose score() has that body after the trial call, and calls it.
inline Report run(const std::string& body, Limits limits = {}, const std::string& before = "") {
  Loaded loaded = load(fairness(later(body), before), limits);
  EXPECT_TRUE(loaded) << loaded.text();
  return loaded ? scoreOnce(*loaded.policy) : Report();
}

class TemporaryFolder {
 public:
  TemporaryFolder() {
    const char* base = std::getenv("TMPDIR");
    std::string name = std::string(base == nullptr ? "/tmp" : base) + "/maitred-lua-XXXXXX";
    path = mkdtemp(name.data());
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path); }

  std::string write(const std::string& name, const std::string& text) const {
    std::filesystem::path file = path / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text;
    return file.string();
  }

  std::filesystem::path path;
};

}  // namespace maitred::lua
