#include "openapi.h"

namespace maitred::cook {
namespace {

// Top-level keys of jobs and groups may be spelled with dashes as well.
constexpr const char JOBS[] = R"({
"Job": {"type": "object", "required": ["uuid", "command", "cpus", "mem", "max_retries"],
  "additionalProperties": false,
  "properties": {
    "uuid": {"type": "string", "format": "uuid"},
    "command": {"type": "string"},
    "cpus": {"type": "number", "minimum": 0, "exclusiveMinimum": true},
    "mem": {"type": "number", "minimum": 0, "exclusiveMinimum": true, "description": "MiB"},
    "max_retries": {"type": "integer", "minimum": 1},
    "name": {"type": "string", "maxLength": 128, "pattern": "^[.a-zA-Z0-9_-]*$"},
    "priority": {"type": "integer", "minimum": 0, "maximum": 16000000},
    "max_runtime": {"type": "integer", "minimum": 1, "description": "milliseconds"},
    "expected_runtime": {"type": "integer", "minimum": 1, "description": "milliseconds"},
    "gpus": {"type": "integer", "minimum": 1},
    "disk": {"$ref": "#/components/schemas/Disk"},
    "ports": {"type": "integer", "minimum": 0},
    "env": {"type": "object", "additionalProperties": {"type": "string"}},
    "labels": {"type": "object", "additionalProperties": {"type": "string"}},
    "constraints": {"type": "array", "items": {"type": "array", "minItems": 3, "maxItems": 3,
      "items": {"type": "string"}}, "description": "[attribute, EQUALS, value]"},
    "uris": {"type": "array", "items": {"type": "object", "required": ["value"],
      "properties": {"value": {"type": "string"}, "executable": {"type": "boolean"},
        "extract": {"type": "boolean"}, "cache": {"type": "boolean"}}}},
    "container": {"$ref": "#/components/schemas/Container"},
    "executor": {"type": "string", "enum": ["cook", "mesos"]},
    "progress_output_file": {"type": "string", "minLength": 1},
    "progress_regex_string": {"type": "string", "minLength": 1},
    "group": {"type": "string", "format": "uuid"},
    "disable_mea_culpa_retries": {"type": "boolean"},
    "application": {"type": "object", "required": ["name", "version"], "properties": {
      "name": {"type": "string"}, "version": {"type": "string"},
      "workload-class": {"type": "string"}, "workload-id": {"type": "string"},
      "workload-details": {"type": "string"}}},
    "checkpoint": {"type": "object", "required": ["mode"], "properties": {
      "mode": {"type": "string", "enum": ["auto", "periodic", "preemption"]},
      "options": {"type": "object", "properties": {
        "preserve-paths": {"type": "array", "items": {"type": "string"}}}},
      "periodic-options": {"type": "object", "properties": {"period-sec": {"type": "integer"}}}}},
    "status": {"type": "string", "description": "ignored"}}},
"Disk": {"type": "object", "required": ["request"], "properties": {
  "request": {"type": "number", "minimum": 1, "exclusiveMinimum": true, "description": "MiB"},
  "limit": {"type": "number", "minimum": 1, "exclusiveMinimum": true},
  "type": {"type": "string"}}},
"Container": {"type": "object", "required": ["type"], "properties": {
  "type": {"type": "string", "description": "docker or mesos"},
  "docker": {"type": "object", "properties": {
    "image": {"type": "string"}, "network": {"type": "string"},
    "force-pull-image": {"type": "boolean"},
    "parameters": {"type": "array", "items": {"type": "object", "required": ["key", "value"],
      "properties": {"key": {"type": "string"}, "value": {"type": "string"}}}},
    "port-mapping": {"type": "array", "items": {"type": "object",
      "required": ["host-port", "container-port"], "properties": {
        "host-port": {"type": "integer"}, "container-port": {"type": "integer"},
        "protocol": {"type": "string"}}}}}},
  "mesos": {"type": "object", "required": ["image"], "properties": {"image": {"type": "string"}}},
  "volumes": {"type": "array", "items": {"type": "object", "required": ["host-path"],
    "properties": {"host-path": {"type": "string"}, "container-path": {"type": "string"},
      "mode": {"type": "string"}}}}}},
"Group": {"type": "object", "required": ["uuid"], "properties": {
  "uuid": {"type": "string", "format": "uuid"},
  "name": {"type": "string"},
  "host_placement": {"type": "object", "required": ["type"], "properties": {
    "type": {"type": "string", "enum": ["all", "unique", "balanced", "attribute-equals"]},
    "parameters": {"type": "object"}}},
  "straggler_handling": {"type": "object", "required": ["type"], "properties": {
    "type": {"type": "string", "enum": ["none", "quantile-deviation"]},
    "parameters": {"type": "object"}}}}},
"Submission": {"type": "object", "required": ["jobs"], "properties": {
  "jobs": {"type": "array", "items": {"$ref": "#/components/schemas/Job"}},
  "groups": {"type": "array", "items": {"$ref": "#/components/schemas/Group"}},
  "pool": {"type": "string"},
  "override-group-immutability": {"type": "boolean"}}}
})";

constexpr const char CHANGES[] = R"({
"Retry": {"type": "object", "properties": {
  "job": {"type": "string", "format": "uuid"},
  "jobs": {"type": "array", "items": {"type": "string", "format": "uuid"}},
  "groups": {"type": "array", "items": {"type": "string", "format": "uuid"}},
  "retries": {"type": "integer", "minimum": 1},
  "increment": {"type": "integer", "minimum": 1},
  "failed_only": {"type": "boolean"}}},
"ShareChange": {"type": "object", "required": ["user", "reason", "share"], "properties": {
  "user": {"type": "string"}, "reason": {"type": "string"}, "pool": {"type": "string"},
  "share": {"type": "object", "properties": {"cpus": {"type": "number"}, "mem": {"type": "number"},
    "gpus": {"type": "number"}}}}},
"QuotaChange": {"type": "object", "required": ["user", "reason", "quota"], "properties": {
  "user": {"type": "string"}, "reason": {"type": "string"}, "pool": {"type": "string"},
  "quota": {"type": "object", "properties": {"cpus": {"type": "number"}, "mem": {"type": "number"},
    "gpus": {"type": "number"}, "count": {"type": "number"},
    "launch-rate-saved": {"type": "number"}, "launch-rate-per-minute": {"type": "number"}}}}},
"ComputeCluster": {"type": "object", "required": ["name", "state"], "properties": {
  "name": {"type": "string"},
  "state": {"type": "string", "enum": ["running", "draining", "deleted"]},
  "state-locked?": {"type": "boolean"},
  "base-path": {"type": "string"}, "ca-cert": {"type": "string"},
  "template": {"type": "string"}, "location": {"type": "string"},
  "features": {"type": "array", "items": {"type": "object", "properties": {
    "key": {"type": "string"}, "value": {"type": "string"}}}}}},
"ClusterName": {"type": "object", "required": ["name"], "properties": {
  "name": {"type": "string"}}},
"IncrementalConfig": {"type": "object", "required": ["configs"], "properties": {
  "configs": {"type": "array", "items": {"type": "object", "required": ["key", "values"],
    "properties": {"key": {"type": "string"}, "values": {"type": "array", "items": {
      "type": "object", "required": ["value", "portion"], "properties": {
        "value": {"type": "string"}, "portion": {"type": "number", "minimum": 0, "maximum": 1},
        "comment": {"type": "string"}}}}}}}}},
"Shutdown": {"type": "object", "required": ["reason"], "properties": {
  "reason": {"type": "string"}}},
"Progress": {"type": "object", "required": ["progress_sequence"], "properties": {
  "progress_sequence": {"type": "integer"},
  "progress_percent": {"type": "integer"},
  "progress_message": {"type": "string"}}}
})";

}  // namespace

nlohmann::ordered_json openApiSchemas() {
  auto all = nlohmann::ordered_json::parse(JOBS);
  auto changes = nlohmann::ordered_json::parse(CHANGES);
  for (auto& [name, schema] : changes.items()) all[name] = std::move(schema);
  return all;
}

}  // namespace maitred::cook
