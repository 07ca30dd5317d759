// Who may do what, by each authorisation function.

#include <rest/access.h>

#include <gtest/gtest.h>

namespace maitred::cook {
namespace {

using Function = AccessRules::Function;

AccessRules rulesOf(Function function) {
  return {function, {"boss"}, {"poser"}, {"ana", "boss"}};
}

struct Case {
  Function function;
  const char* user;
  Verb verb;
  Item item;
  const char* owner;
  bool allowed;
};

TEST(Access, EachFunctionAsItSays) {
  const Case cases[] = {
      {Function::open, "ben", Verb::destroy, Item::job, "ana", true},
      {Function::open, "ben", Verb::create, Item::quota, "", true},
      {Function::openNoKilling, "ben", Verb::destroy, Item::job, "ben", false},
      {Function::openNoKilling, "ben", Verb::destroy, Item::group, "ben", false},
      {Function::openNoKilling, "ben", Verb::destroy, Item::quota, "", true},
      {Function::openNoKilling, "ben", Verb::retry, Item::job, "ana", true},
      {Function::admins, "ana", Verb::get, Item::job, "ana", true},
      {Function::admins, "ben", Verb::get, Item::job, "ana", false},
      {Function::admins, "boss", Verb::destroy, Item::job, "ana", true},
      {Function::admins, "ben", Verb::get, Item::quota, "", false},
      {Function::admins, "ben", Verb::get, Item::job, "", false},
      {Function::adminsOpenGets, "ben", Verb::get, Item::job, "ana", true},
      {Function::adminsOpenGets, "ben", Verb::get, Item::usage, "", true},
      {Function::adminsOpenGets, "ben", Verb::read, Item::system, "", false},
      {Function::adminsOpenGets, "boss", Verb::read, Item::system, "", true},
      {Function::adminsOpenGets, "ben", Verb::retry, Item::job, "ana", false},
      {Function::adminsOpenGets, "ana", Verb::create, Item::share, "", false},
      {Function::adminsOpenGetsAllowedUsers, "ana", Verb::get, Item::job, "ben", true},
      {Function::adminsOpenGetsAllowedUsers, "ana", Verb::create, Item::job, "ana", true},
      {Function::adminsOpenGetsAllowedUsers, "ben", Verb::get, Item::job, "ben", false},
      {Function::adminsOpenGetsAllowedUsers, "boss", Verb::destroy, Item::job, "ana", true},
  };
  int number = 0;
  for (const Case& one : cases) {
    EXPECT_EQ(rulesOf(one.function).allows({one.user, ""}, one.verb, one.item, one.owner),
              one.allowed)
        << "case " << number;
    ++number;
  }
}

TEST(Access, ThroughSomebodyElseOnlyJobsAndLooks) {
  AccessRules rules = rulesOf(Function::open);
  Caller acting{"boss", "poser"};
  for (Verb verb : {Verb::get, Verb::create, Verb::destroy, Verb::retry}) {
    EXPECT_TRUE(rules.allows(acting, verb, Item::job, "ana"));
  }
  for (Item item : {Item::quota, Item::share, Item::usage}) {
    EXPECT_TRUE(rules.allows(acting, Verb::get, item, ""));
    EXPECT_FALSE(rules.allows(acting, Verb::create, item, ""));
    EXPECT_FALSE(rules.allows(acting, Verb::destroy, item, ""));
  }
  for (Verb verb : {Verb::get, Verb::read}) {
    EXPECT_FALSE(rules.allows(acting, verb, Item::system, ""));
  }
}

Identified identify(const char* user, const char* wanted, const AccessRules& rules) {
  http::Request request;
  request.principal = {user, "basic"};
  if (wanted != nullptr) request.headers.add({"X-Cook-Impersonate", wanted});
  return callerOf(request, rules);
}

TEST(Access, WhoMayActForWhom) {
  AccessRules rules = rulesOf(Function::open);
  EXPECT_EQ(identify("ana", nullptr, rules).caller.user, "ana");
  auto acting = identify("poser", "ana/host@REALM", rules);
  EXPECT_EQ(acting.caller.user, "ana");
  EXPECT_EQ(acting.caller.impersonator, "poser");
  auto self = identify("ana", "ana@REALM", rules);
  EXPECT_FALSE(self.refusal) << "naming oneself is nothing";
  EXPECT_EQ(self.caller.impersonator, "");
  auto refused = identify("boss", "ana", rules);
  ASSERT_TRUE(refused.refusal) << "admins are no impersonators";
  EXPECT_EQ(refused.refusal->status, 403u);
  EXPECT_EQ(refused.refusal->body, "User boss does not have impersonation privileges.");
  rules.impersonators.clear();
  auto absent = identify("boss", "ana", rules);
  EXPECT_FALSE(absent.refusal) << "there is no such feature then";
  EXPECT_EQ(absent.caller.user, "boss");
}

}  // namespace
}  // namespace maitred::cook
