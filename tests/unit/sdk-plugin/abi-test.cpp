// The C border only grows: each field stays where it was in the first version. A new field gets a
// line here, and nothing else changes.
#include <maitred/abi.h>

#include <gtest/gtest.h>

#include <cstddef>

namespace maitred {
namespace {

static_assert(sizeof(void*) == 8, "the offsets below are those of a 64-bit machine");

TEST(Abi, FieldsStayInTheirPlaces) {
  EXPECT_EQ(offsetof(maitred_listener, name), 0u);
  EXPECT_EQ(offsetof(maitred_listener, fd), 8u);
  EXPECT_EQ(sizeof(maitred_listener), 16u) << "an element of an array: it cannot grow";

  EXPECT_EQ(offsetof(maitred_instance, size), 0u);
  EXPECT_EQ(offsetof(maitred_instance, instance), 8u);
  EXPECT_EQ(offsetof(maitred_instance, state_directory), 16u);
  EXPECT_EQ(offsetof(maitred_instance, policy_path), 24u);
  EXPECT_EQ(offsetof(maitred_instance, log_level), 32u);
  EXPECT_EQ(offsetof(maitred_instance, listeners), 40u);
  EXPECT_EQ(offsetof(maitred_instance, listener_count), 48u);

  EXPECT_EQ(offsetof(maitred_serve_args, size), 0u);
  EXPECT_EQ(offsetof(maitred_serve_args, instance), 8u);
  EXPECT_EQ(offsetof(maitred_serve_args, rpc_fd), 16u);

  EXPECT_EQ(offsetof(maitred_open_args, size), 0u);
  EXPECT_EQ(offsetof(maitred_open_args, instance), 8u);
  EXPECT_EQ(offsetof(maitred_open_args, low_level_io), 16u);
  EXPECT_EQ(offsetof(maitred_open_args, io), 24u);
  EXPECT_EQ(offsetof(maitred_open_args, events), 32u);
  EXPECT_EQ(offsetof(maitred_open_args, plugin), 40u);
  EXPECT_EQ(offsetof(maitred_open_args, log), 48u);
  EXPECT_EQ(offsetof(maitred_open_args, log_context), 56u);
  EXPECT_EQ(offsetof(maitred_open_args, error), 64u);
  EXPECT_EQ(offsetof(maitred_open_args, error_size), 72u);

  EXPECT_EQ(offsetof(maitred_plugin_entry, size), 0u);
  EXPECT_EQ(offsetof(maitred_plugin_entry, abi_version), 4u);
  EXPECT_EQ(offsetof(maitred_plugin_entry, serve), 8u);
  EXPECT_EQ(offsetof(maitred_plugin_entry, open), 16u);
  EXPECT_EQ(offsetof(maitred_plugin_entry, command), 24u);
  EXPECT_EQ(offsetof(maitred_plugin_entry, config_type), 32u);
}

TEST(Abi, VersionIsTheFirst) {
  EXPECT_EQ(MAITRED_ABI_VERSION, 1u) << "a change that old plugins cannot bear: see abi.h";
}

}  // namespace
}  // namespace maitred
