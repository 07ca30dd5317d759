#pragma once
// What jobs may ask for in a pool besides cpus and memory, and what they are given if they do not
// say. In each list the first rule counts whose expression is found anywhere in the pool's name.

#include <core/incremental.h>
#include <core/pattern.h>
#include <store/containers.h>

#include <map>
#include <string>
#include <vector>

namespace maitred::cook {

struct GpuRule {
  Pattern regex;
  std::vector<std::string> models;  // that there are
  std::string defaultModel;         // of jobs that name none
};

struct DiskLimits {
  Pattern regex;
  double mostMib = 0;
  std::vector<std::string> types;
  std::string defaultType;
  double defaultMib = 0;                     // that a job is taken to need
  std::map<std::string, std::string> names;  // of types, where nodes call them otherwise
  bool enforced = false;  // nodes are looked at for whether they have so much
};

struct ContainerRule {
  Pattern regex;
  Container container;
  std::string imageKey = {};  // see PoolTerms::images; empty: it has the same image for all jobs
};

struct QueueLimitRule {
  static constexpr std::int64_t UNLIMITED = 2147483647;
  Pattern regex;
  // While more jobs than this wait in the pool, fewer are allowed of each user.
  std::int64_t threshold = UNLIMITED;
  std::int64_t normal = UNLIMITED, constrained = UNLIMITED;
};

// Null: none of them.
template <typename Rule>
const Rule* ruleFor(const std::string& pool, const std::vector<Rule>& rules) {
  for (const Rule& rule : rules) {
    if (rule.regex.isFoundIn(pool)) return &rule;
  }
  return nullptr;
}

// Those of one pool.
struct PoolTerms {
  std::string name;  // as texts call it
  bool gpus = false;  // there are any at all
  const GpuRule* gpuRule = nullptr;
  const DiskLimits* disk = nullptr;
  const ContainerRule* container = nullptr;
  // Of the usual container, for portions of the jobs; null: there are none.
  const std::vector<IncrementalValue>* images = nullptr;
  bool containers = true;  // a backend takes them
};

}  // namespace maitred::cook
