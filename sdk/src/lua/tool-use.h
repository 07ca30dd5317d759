#pragma once
// What calls of a policy use, beside what they may: so that an author sees how near a limit is.

#include <maitred/lua/policy.h>

#include <chrono>
#include <span>
#include <string>

namespace maitred::lua {

// A policy loaded twice: once to count exactly, which is slow, and once to be timed as it will run.
class Measured {
 public:
  Measured(const std::string& file, const Policy::Options& options);

  const Loaded& loaded() const { return exact; }
  Policy& policy() const { return *exact.policy; }

  // The exact policy's answer. False: policy().failure() says why.
  bool call(Function function, std::span<const Value> inputs, Value& out);

  // "loading: 12 of 10,000,000 instructions; it holds 41 of 32,768 KiB"
  std::string loadUse() const;
  // Of the last call: "14 of 1,000,000 instructions, 0.002 of 500 ms, 41 of 32,768 KiB"
  std::string callUse() const;

 private:
  Limits limits;
  Loaded exact, timed;
  std::chrono::nanoseconds cpu{};
};

// The inputs of a trial call, as many as the policy's function names.
std::vector<Value> sampleInputs(const Policy& policy, Function function);

}  // namespace maitred::lua
