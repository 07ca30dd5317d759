// The manifest's constants name the contracts by type id: they must be the ids of the interfaces
// themselves.
#include <maitred/schema/admin.capnp.h>
#include <maitred/schema/backend.capnp.h>
#include <maitred/schema/kernels.capnp.h>
#include <maitred/schema/leadership.capnp.h>
#include <maitred/schema/manifest.capnp.h>
#include <maitred/schema/plugin.capnp.h>
#include <maitred/schema/queue-extensions.capnp.h>
#include <maitred/schema/queue.capnp.h>
#include <maitred/schema/services.capnp.h>

#include <gtest/gtest.h>

namespace maitred {
namespace {

template <typename Interface>
void expectNamed(manifest::Interface::Reader constant, const char* name) {
  EXPECT_EQ(constant.getTypeId(), capnp::typeId<Interface>()) << name;
  EXPECT_STREQ(constant.getName().cStr(), name);
}

TEST(Contracts, ManifestConstantsCarryTheirTypeIds) {
  expectNamed<plugin::Plugin>(*manifest::PLUGIN, "maitred.plugin.Plugin");
  expectNamed<backend::Backend>(*manifest::BACKEND, "maitred.backend.Backend");
  expectNamed<queue::Queue>(*manifest::QUEUE, "maitred.queue.Queue");
  expectNamed<services::Services>(*manifest::SERVICES, "maitred.services.Services");
  expectNamed<kernels::Kernels>(*manifest::KERNELS, "maitred.kernels.Kernels");
  expectNamed<admin::Admin>(*manifest::ADMIN, "maitred.admin.Admin");
  expectNamed<leadership::Leadership>(*manifest::LEADERSHIP, "maitred.leadership.Leadership");
  expectNamed<queue::SubmissionValidator>(*manifest::SUBMISSION_VALIDATOR,
                                          "maitred.queue.SubmissionValidator");
  expectNamed<queue::SubmissionModifier>(*manifest::SUBMISSION_MODIFIER,
                                         "maitred.queue.SubmissionModifier");
  expectNamed<queue::JobRouter>(*manifest::JOB_ROUTER, "maitred.queue.JobRouter");
  expectNamed<queue::JobAdjuster>(*manifest::JOB_ADJUSTER, "maitred.queue.JobAdjuster");
  expectNamed<queue::PoolMover>(*manifest::POOL_MOVER, "maitred.queue.PoolMover");
  expectNamed<queue::JobShapes>(*manifest::JOB_SHAPES, "maitred.queue.JobShapes");
  expectNamed<queue::LaunchFilter>(*manifest::LAUNCH_FILTER, "maitred.queue.LaunchFilter");
  expectNamed<queue::CompletionHandler>(*manifest::COMPLETION_HANDLER,
                                        "maitred.queue.CompletionHandler");
}

}  // namespace
}  // namespace maitred
