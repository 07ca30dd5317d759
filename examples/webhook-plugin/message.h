#pragma once
// What the receiver is told of a job. Pure functions: no I/O, no clock.

#include <maitred/schema/queue.capnp.h>

#include <string>
#include <string_view>

namespace webhook_plugin {

// Whether there is nothing more to come of this job: a job that is killed is completed at once,
// while its instance still runs and has no exit code yet.
bool finished(maitred::queue::Job::Reader job);

// When its last instance ended, in unix ms. A job that never ran has no such time in the contract,
// so its submission stands in.
int64_t endOf(maitred::queue::Job::Reader job);

// The name of this end of the job. The receiver can tell by it whether it knows the message. A job
// that was retried after its end has another sequence, hence another name.
std::string eventId(maitred::queue::Job::Reader job);

// The JSON object, at most `most` bytes as long as one job without its instances fits.
std::string bodyOf(maitred::queue::Job::Reader job, size_t most);

// "sha256=" and the HMAC in lower-case hexadecimal, as many receivers know it.
std::string signatureOf(std::string_view secret, std::string_view body);

}  // namespace webhook_plugin
