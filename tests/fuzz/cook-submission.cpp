// Any bytes as the body of POST /jobs: they are taken, or refused with a text; what is taken keeps
// its limits.

#include <rest/render.h>
#include <rest/submission.h>

#include <maitred/http/error.h>
#include <maitred/http/json.h>

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace maitred::cook;
  JobLimits limits;
  try {
    auto body = maitred::http::parseJson({reinterpret_cast<const char*>(data), size});
    Submission found = readSubmission(body, "ana");
    checkSize(found);
    checkIds(found);
    GpuRule gpus{".", {"a", "b"}, "a"};
    DiskLimits disk{.regex = ".", .mostMib = 1000, .types = {"standard"}};
    ContainerRule container{".", {.image = "i"}};
    PoolTerms terms{"p", true, &gpus, &disk, &container};
    checkJobs(found, limits, terms);
    fillIn(found, terms);
    checkDockerUser(found, Account{1000, 1000});
    if (found.jobs.empty() || found.jobs.size() > limits.jobsPerRequest) std::abort();
    MeaCulpaLimits mea;
    for (const JobSpec& spec : found.jobs) {
      if (!(spec.cpus > 0 && spec.cpus <= limits.cpus && spec.mem > 0 &&
            spec.mem <= limits.memMib)) {
        std::abort();
      }
      Job job;
      job.spec = spec;
      render(job,
             {&mea, RenderOptions::Form::jobs, [](const std::string&) { return std::string(); }})
          .dump();
    }
  } catch (const SchemaError& error) {
    if (*error.what() == '\0') std::abort();
  } catch (const Refused& refused) {
    if (*refused.what() == '\0') std::abort();
  } catch (const maitred::http::HttpError&) {
  } catch (const kj::Exception&) {  // an HttpError that KJ has wrapped
  }
  return 0;
}
