// What kept fields mean for where a job may run.
#include <store/demands.h>

#include <gtest/gtest.h>

namespace maitred::cook {
namespace {

struct Row {
  const char* extra;
  Demands demands;
};
class KeptFields : public ::testing::TestWithParam<Row> {};

TEST_P(KeptFields, BecomeDemands) {
  auto found = demandsOf(GetParam().extra);
  EXPECT_EQ(found.empty() ? Demands{} : found[0], GetParam().demands);
  EXPECT_EQ(found.empty(), GetParam().demands == Demands{}) << "most jobs take no room for it";
}
INSTANTIATE_TEST_SUITE_P(
    Table, KeptFields,
    ::testing::Values(Row{"", {}}, Row{R"({"application":{"name":"a","version":"1"}})", {}},
                    Row{R"({"expected_runtime":60000})", {.expectedRuntimeMs = 60'000}},
                    Row{R"({"expected_runtime":"soon"})", {}},
                    Row{R"({"checkpoint":{"mode":"auto"}})", {.checkpoint = true}},
                    Row{R"({"disk":{"request":512.5,"type":"ssd"}})",
                        {.diskMib = 512.5, .diskType = "ssd"}},
                    Row{R"({"disk":7})", {}}, Row{"[]", {}}));

TEST(Demands, WhatIsNoJsonIsAFault) {
  EXPECT_THROW(demandsOf("{"), std::exception);
}

}  // namespace
}  // namespace maitred::cook
