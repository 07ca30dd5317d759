#include "evaluate.h"

#include <maitred/lua/value.h>

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace maitred::lua {
namespace {

Value table() {
  return Table{{1, 2.5, "x"},
               {{"name",
                 "o'\"\n\x01"
                 "7"},
                {"a b", true},
                {"nested", Table{{}, {{"k", Value()}}}}}};
}

TEST(Value, WritesLiterals) {
  EXPECT_EQ(table().literal(),
            "{1, 2.5, \"x\", name = \"o'\\\"\\n\\0017\", [\"a b\"] = true, nested = {k = nil}}");
  EXPECT_EQ(Value(0.1).literal(), "0.1");
  EXPECT_EQ(Value(std::numeric_limits<double>::denorm_min()).literal(), "5e-324");
  EXPECT_EQ(Value(-std::numeric_limits<double>::infinity()).literal(), "-math.huge");
}

TEST(Value, LiteralsReadBackTheSame) {
  for (const Value& value :
       {table(), Value(1e300), Value("\r\0277é"), Value(-5), Value(true), Value(5e-324)}) {
    Value back;
    std::string problem;
    ASSERT_TRUE(evaluate(value.literal(), {}, back, problem)) << problem;
    EXPECT_EQ(back.literal(), value.isNil() ? "nil" : back.literal());
    if (value.table() == nullptr)
      EXPECT_EQ(back, value) << value.literal();
    else
      EXPECT_EQ(back.table()->list, value.table()->list);
  }
}

TEST(Value, LiteralsAreCut) {
  Table big;
  for (int i = 0; i < 1000; ++i) big.list.emplace_back(i);
  EXPECT_LT(Value(big).literal(100).size(), 120u);
  EXPECT_LT(Value(std::string(5000, 'x')).literal(100).size(), 120u);
}

TEST(Value, ComparesByContent) {
  EXPECT_EQ(table(), table());
  EXPECT_EQ(Value(2), Value(2.0));
  EXPECT_NE(Value(2), Value("2"));
  EXPECT_NE(Value(), Value(false));
  EXPECT_NE(Value(std::nan("")), Value(std::nan("")));
  EXPECT_TRUE(Value(0).truthy());
  EXPECT_FALSE(Value().truthy());
}

TEST(Evaluate, RefusesWhatIsNoValue) {
  Value value;
  std::string problem;
  for (const char* bad : {"{", "{math.max}", "error('x')", "setmetatable({}, {__index = 1}) + 1",
                          "{[{}] = 1}", "{[1.5] = 1}"}) {
    EXPECT_FALSE(evaluate(bad, {}, value, problem)) << bad;
    EXPECT_FALSE(problem.empty()) << bad;
  }
  EXPECT_FALSE(evaluate("(function() local t = {} t.t = t return t end)()", {}, value, problem));
  EXPECT_EQ(problem, "a table that nests too deep");
  EXPECT_FALSE(
      evaluate("table.pack(('x'):rep(20000):gsub('.', '%0')) and (function() local t = {} for i = "
               "1, 20000 do t[i] = i end return t end)()",
               {}, value, problem));
  EXPECT_EQ(problem, "more than 10000 values");
}

}  // namespace
}  // namespace maitred::lua
