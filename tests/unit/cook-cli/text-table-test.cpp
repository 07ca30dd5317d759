#include "cli/text-table.h"

#include <gtest/gtest.h>

namespace maitred::cook::cli {
namespace {

TEST(TextTable, NumbersStandToTheRight) {
  TextTable table({"USER", "JOBS"});
  table.add({"ana", "7"});
  table.add({"benedikt", "12345"});
  EXPECT_EQ(table.text(), "USER       JOBS\nana           7\nbenedikt  12345\n");
}

TEST(TextTable, CountsCharactersAndNotBytes) {
  TextTable table({"NAME", "X"});
  table.add({"müller", "a"});
  table.add({"miller", "b"});
  EXPECT_EQ(table.text(), "NAME    X\nmüller  a\nmiller  b\n");
}

TEST(DurationText, TakesTheUnitThatFits) {
  EXPECT_EQ(durationText(0.44), "0.4 s");
  EXPECT_EQ(durationText(42), "42 s");
  EXPECT_EQ(durationText(185), "3 min 05 s");
  EXPECT_EQ(durationText(7800), "2 h 10 min");
  EXPECT_EQ(durationText(-1), "-");
}

TEST(NumberText, HasNoTrailingZeros) {
  EXPECT_EQ(numberText(2.0), "2");
  EXPECT_EQ(numberText(0.25), "0.25");
}

}  // namespace
}  // namespace maitred::cook::cli
