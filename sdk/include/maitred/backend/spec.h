#pragma once
// Checks and fingerprint of a TaskSpec, the same for consumers and backends.

#include <maitred/backend/types.h>

#include <array>

namespace maitred::backend {

using Digest = std::array<kj::byte, 32>;

// SHA-256 of the spec in Cap'n Proto's canonical form without its field `digest`. Two specs with
// the same fields have the same digest, however their messages were built; a field that a newer
// contract adds and the spec leaves at its default changes nothing.
Digest digestOf(TaskSpec::Reader spec);

// Sets `spec.digest`. A consumer calls it last.
void seal(TaskSpec::Builder spec);

// Task ids and consumer names: 1..63 characters of [a-z0-9-].
bool validId(std::string_view id);

struct SpecLimits {
  uint32_t specBytesMax = 256 * 1024;
  uint32_t filesMax = 64;
  uint32_t variablesMax = 1000;
  uint32_t portsMax = 64;
};

// What is wrong with it, as a sentence that names the field; nothing if a backend may take it.
// Whether a certain backend supports containers, uris or users is for that backend to say.
std::optional<std::string> faultIn(TaskSpec::Reader spec, const SpecLimits& limits = {});

}  // namespace maitred::backend
