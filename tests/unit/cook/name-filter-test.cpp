// Filters by the names of jobs.
#include <rest/name-filter.h>

#include <gtest/gtest.h>

namespace maitred::cook {
namespace {

struct FilterCase {
  const char *filter, *name;
  bool meant;
};

TEST(NameFilters, MeanTheWholeName_AndStarsAnything) {
  for (const FilterCase& one : {
           FilterCase{"*", "", true},        {"*", "anything", true},   {"", "", true},
           {"", "a", false},                 {"job", "job", true},      {"job", "job2", false},
           {"job", "a-job", false},          {"job*", "job", true},     {"job*", "job.2", true},
           {"*job", "a-job", true},          {"*job", "job2", false},   {"a*c", "abc", true},
           {"a*c", "abcd", false},           {"a*b*c", "aXbYbZc", true}, {"a.c", "abc", false},
           {"a.c", "a.c", true},             {"**a**", "bab", true},    {"*ab*ab", "abab", true},
           {"*aab", "aaaab", true},          {"a*a", "a", false},       {"*.*", "nodot", false},
       }) {
    EXPECT_EQ(NameFilter(one.filter).matches(one.name), one.meant) << one.filter << " " << one.name;
  }
  EXPECT_TRUE(NameFilter().matches("anything"));
}

// With an engine that backtracks this does not end in a lifetime.
TEST(NameFilters, NeverBacktrackBehindAnEarlierWildcard) {
  std::string filter;
  for (int i = 0; i < 63; ++i) filter += "*a";
  filter += "*b";
  ASSERT_TRUE(NameFilter::isValid(filter));
  EXPECT_FALSE(NameFilter(filter).matches(std::string(128, 'a')));
  EXPECT_TRUE(NameFilter(filter).matches(std::string(127, 'a') + "b"));
}

TEST(NameFilters, HaveFewSignsAndALimit) {
  EXPECT_TRUE(NameFilter::isValid(""));
  EXPECT_TRUE(NameFilter::isValid("Az09.-_*"));
  for (const char* bad : {"a b", "a+", "(a)", "[a]", "a\n", "\xc3\xa4"}) {
    EXPECT_FALSE(NameFilter::isValid(bad)) << bad;
  }
  EXPECT_TRUE(NameFilter::isValid(std::string(128, 'a')));
  EXPECT_FALSE(NameFilter::isValid(std::string(129, 'a')));
}

}  // namespace
}  // namespace maitred::cook
