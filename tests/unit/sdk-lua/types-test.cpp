// The reader of LuaCATS annotations, and values against types.

#include "types.h"

#include "nearest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace maitred::lua {
namespace {

using testing::HasSubstr;

std::string parsed(std::string_view text) {
  return readType(text)->text();
}

TEST(Types, AreReadAndWritten) {
  EXPECT_EQ(parsed("number"), "number");
  EXPECT_EQ(parsed("number, the text behind"), "number");
  EXPECT_EQ(parsed("string[]"), "string[]");
  EXPECT_EQ(parsed("string[][]?"), "string[][] or nil");
  EXPECT_EQ(parsed("table<string, integer[]>"), "table<string, integer[]>");
  EXPECT_EQ(parsed("\"a\"|'b' | 3"), "\"a\" or \"b\" or 3");
  EXPECT_EQ(parsed("fun(a: number, b?: string): number, boolean"), "function(a, b)");
  EXPECT_EQ(parsed("fun()"), "function()");
  EXPECT_EQ(parsed("(string|nil)[]"), "string or nil[]");
  EXPECT_EQ(parsed("Some.Name"), "Some.Name");
  for (const char* bad :
       {"", "fun(", "fun(a)", "fun(a:", "table<string", "\"open", "|", "-x", "(a"}) {
    EXPECT_THROW(parsed(bad), TypesError) << bad;
  }
  EXPECT_THROW(parsed(std::string(100, '(')), TypesError);
}

constexpr const char* sampleFile = R"(---@meta
--- What it is.
---@class Base
---@field id integer

---@alias Color "red"|"green"
---@alias Size
---| "small"
---| "large"

---@class Thing: Base
---@field color? Color the colour, e.g. "green"
---@field size Size
---@field tags table<string, string>
local Thing = {}

--- Does it.
---@param a number first (e.g. 2.5)
---@param b? string
---@return number share 0..1, more is better
function Thing.act(a, b) end
)";

TEST(Types, OfAFile) {
  Types types;
  types.read(sampleFile, "sample.lua");
  const Class* thing = types.find("Thing");
  ASSERT_NE(thing, nullptr);
  auto fields = types.fields(*thing);
  ASSERT_EQ(fields.size(), 5u);
  EXPECT_EQ(fields[0].name, "id");
  EXPECT_TRUE(fields[1].optional);
  EXPECT_EQ(fields[1].example->literal(), "\"green\"");
  const Type& act = *fields[4].type;
  EXPECT_EQ(fields[4].doc, "Does it.");
  ASSERT_EQ(act.parameters.size(), 2u);
  EXPECT_EQ(act.parameters[0].example->number(), 2.5);
  EXPECT_TRUE(act.parameters[1].optional);
  EXPECT_EQ(act.results[0].name, "share");
  EXPECT_EQ(act.results[0].least, 0);
  EXPECT_EQ(act.results[0].most, 1);
}

TEST(Types, FaultsNameFileAndLine) {
  auto fault = [](std::string_view text) -> std::string {
    try {
      Types().read(text, "f.lua");
    } catch (const TypesError& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_THAT(fault("\n---@field x number"), HasSubstr("f.lua:2: @field without a @class"));
  EXPECT_THAT(fault("---@class A\n---@field x"), HasSubstr("f.lua:2: expected a type"));
  EXPECT_THAT(fault("---@class A\n\n---@class A"), HasSubstr("f.lua:3: class A is declared twice"));
  EXPECT_THAT(fault("---@classs A"), HasSubstr("unknown annotation @classs"));
  EXPECT_THAT(fault("---@class A\nlocal A = {}\n---@param a number\nfunction A.f(b) end"),
              HasSubstr("f.lua:4: expected parameter a"));
  EXPECT_THAT(fault("---@param a number\nfunction A.f(a) end"),
              HasSubstr("a function of no class"));
}

TEST(Types, MismatchesNameTheirPlace) {
  Types types;
  types.read(sampleFile, "sample.lua");
  std::string_view text = "Thing[]";
  TypeRef things = readType(text);
  auto wrong = [&](Table table) {
    return types.mismatch(Table{{std::move(table)}, {}}, things, "it").value_or("");
  };
  auto thing = [] {
    return Table().set("id", 1).set("size", "small").set("tags", Table()).set("act", 1);
  };
  // Values hold no functions, so that a class with one never matches; the rest is compared before.
  EXPECT_EQ(wrong(thing()), "it[1].act: a function cannot be passed on");
  EXPECT_EQ(wrong(Table().set("id", 1.5)), "it[1].id: expected integer, got number 1.5");
  EXPECT_EQ(wrong(Table().set("id", 1).set("color", "blue")),
            "it[1].color: expected \"red\" or \"green\", got string \"blue\"");
  EXPECT_EQ(wrong(Table().set("id", 1)), "it[1].size: expected \"small\" or \"large\", got nil");
  EXPECT_EQ(wrong(Table().set("id", 1).set("size", "large").set("tags", Table().set("a", 1))),
            "it[1].tags.a: expected string, got number 1");
  EXPECT_EQ(types.mismatch(7, things, "it").value_or(""), "it: expected Thing[], got number 7");
}

TEST(Nearest, CountsEditsAndSwaps) {
  EXPECT_EQ(editDistance("score", "score"), 0u);
  EXPECT_EQ(editDistance("scroe", "score"), 1u);
  EXPECT_EQ(editDistance("scor", "score"), 1u);
  EXPECT_EQ(editDistance("", "abc"), 3u);
  EXPECT_EQ(editDistance("kitten", "sitting"), 3u);
  EXPECT_EQ(editDistance(std::string(41, 'a'), "a"), 40u);
  EXPECT_EQ(didYouMean("fitnes", {"score", "fitness"}), " (did you mean \"fitness\"?)");
  EXPECT_EQ(didYouMean("xyz", {"score", "fitness"}), "");
}

}  // namespace
}  // namespace maitred::lua
