// Configs with one key changed, of the test's own struct that has a field of every kind.
#include "host/conform/mutants.h"

#include "kitchen.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <set>

namespace maitred::host::conform {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class MutantsTest : public ::testing::Test {
 protected:
  MutantsTest() {
    kj::String looked;
    schema = std::make_unique<PluginSchema>(
        KJ_REQUIRE_NONNULL(source->find("maitred-kitchen", looked)));
    auto base = message->initRoot<capnp::DynamicStruct>(schema->configType());
    base.init("tables", 1);
    config = base.asReader();
  }

  Mutants mutants(uint64_t seed) {
    random.seed(seed);
    return Mutants(*schema, config, "/scratch", random);
  }
  static std::vector<std::string> texts(const Mutants& all) {
    std::vector<std::string> found;
    for (size_t i = 0; i < all.size(); ++i) found.push_back(all.what(i));
    return found;
  }

  std::unique_ptr<KitchenSource> source = std::make_unique<KitchenSource>();
  std::unique_ptr<PluginSchema> schema;
  std::unique_ptr<capnp::MallocMessageBuilder> message =
      std::make_unique<capnp::MallocMessageBuilder>();
  capnp::DynamicStruct::Reader config;
  std::mt19937_64 random;
};

TEST_F(MutantsTest, ReachEveryKeyAndItsLimits) {
  auto all = texts(mutants(1));
  EXPECT_THAT(all, Contains("`chefs` is 0"));
  EXPECT_THAT(all, Contains("`chefs` is 41"));
  EXPECT_THAT(all, Contains("`chefs` is 255"));
  EXPECT_THAT(all, Contains("`memory` is 18446744073709551615"));
  EXPECT_THAT(all, Contains("`offset` is -32768"));
  EXPECT_THAT(all, Contains("`tip` is NaN"));
  EXPECT_THAT(all, Contains("`open` is turned round"));
  EXPECT_THAT(all, Contains("`dishes` is an empty list"));
  EXPECT_THAT(all, Contains("`oven` is absent"));
  EXPECT_THAT(all, Contains(StartsWith("`tables.0.")));
  EXPECT_THAT(all, Contains("`recipe` is a path to nothing"));
}

// What is made up may lead nowhere but into the scratch folder.
TEST_F(MutantsTest, CanAllBeMade_AndDiffer) {
  auto all = mutants(2);
  std::string base = kj::str(config).cStr();
  size_t same = 0;
  for (size_t i = 0; i < all.size(); ++i) {
    auto made = all.make(i);
    auto text = kj::str(made->getRoot<capnp::DynamicStruct>(schema->configType()).asReader());
    same += base == text.cStr() ? 1 : 0;
  }
  EXPECT_GT(all.size(), 100u);
  EXPECT_LT(same, all.size() / 5) << "what is absent anyway, or false, may stay as it is";
}

TEST_F(MutantsTest, DependOnTheSeedAlone) {
  EXPECT_EQ(texts(mutants(3)), texts(mutants(3)));
  EXPECT_NE(texts(mutants(3)), texts(mutants(4)));
}

}  // namespace
}  // namespace maitred::host::conform
