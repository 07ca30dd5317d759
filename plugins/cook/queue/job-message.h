#pragma once
// Jobs as the contracts of the queue tell them.

#include <core/types.h>

#include <maitred/schema/queue-extensions.capnp.h>
#include <maitred/schema/queue.capnp.h>

namespace maitred::cook {

void writeJobSpec(const JobSpec& spec, queue::JobSpec::Builder out);
JobSpec readJobSpec(queue::JobSpec::Reader in, const Uuid& id);

void writeInstance(const Instance& one, queue::Instance::Builder out);

void writeCandidate(const JobSpec& spec, queue::Candidate::Builder out);
// What an extension made of a job. Id, owner, group and what the contract does not tell stay.
JobSpec amended(const JobSpec& spec, queue::JobSpec::Reader change);
// The same for jobs of which all is equal that writeCandidate() tells.
std::uint64_t digestOf(const JobSpec& spec);
// About how much room a candidate takes in a message.
std::size_t bytesInMessage(const JobSpec& spec);

}  // namespace maitred::cook
