// The comparison itself, on schemas made for it.
#include "growth.h"

#include <maitred/testing/harness.h>

#include <capnp/serialize.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include <fcntl.h>

namespace maitred::schemas {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Of a file with this text, by way of the compiler.
Promises promises(const std::string& body) {
  testing::TemporaryDirectory folder;
  auto file = folder.path() + "/x.capnp", request = folder.path() + "/request";
  std::ofstream(file) << "@0xbf5147cbbecf40c1;\n" << body;
  auto command = "capnp compile -o- " + file + " > " + request;
  EXPECT_EQ(std::system(command.c_str()), 0) << body;
  kj::AutoCloseFd fd(open(request.c_str(), O_RDONLY | O_CLOEXEC));
  capnp::StreamFdMessageReader message(kj::mv(fd));
  return promisesOf(message.getRoot<capnp::schema::CodeGeneratorRequest>());
}

Comparison compared(const std::string& was, const std::string& is) {
  return compare(promises(was), promises(is));
}

constexpr const char* base =
    "struct S @0xa000000000000001 { a @0 :UInt32 = 7; union { b @1 :Text; c @2 :Void; } }\n"
    "enum E @0xa000000000000002 { none @0; some @1; }\n"
    "interface I @0xa000000000000003 { get @0 (s :S) -> (e :E); }\n";

std::string changed(const std::string& from, const std::string& to) {
  std::string text = base;
  auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

TEST(Growth, TheSame_IsKept) {
  auto result = compared(base, base);
  EXPECT_THAT(result.broken, IsEmpty());
  EXPECT_THAT(result.grown, IsEmpty());
}

TEST(Growth, NewMembers_AreTaken) {
  for (auto [from, to] : {std::pair{"a @0", "d @3 :List(S); a @0"},
                          {"some @1;", "some @1; many @2;"},
                          {"-> (e :E);", "-> (e :E); put @1 () -> ();"},
                          {"(s :S)", "(s :S, again :Bool)"}}) {
    auto result = compared(base, changed(from, to));
    EXPECT_THAT(result.broken, IsEmpty()) << to;
    EXPECT_FALSE(result.grown.empty()) << to;
  }
}

TEST(Growth, WhatWasPromised_MustStay) {
  struct {
    const char* from;
    const char* to;
    const char* words;
  } breaches[] = {
      {"a @0 :UInt32 = 7;", "a @0 :UInt64 = 7;", "take it back"},
      {"a @0 :UInt32 = 7;", "a @0 :UInt32 = 8;", "take it back"},
      {"a @0 :UInt32", "z @0 :UInt32", "a name is part of the promise"},
      {"some @1;", "any @1;", "a name is part of the promise"},
      {"; some @1;", ";", "is gone: put it back"},
      {"0xa000000000000001", "0xa000000000000009", "is gone: put it back"},
      {"get @0 (s :S) -> (e :E);", "", "is gone: put it back"},
      {"(e :E)", "(e :UInt16)", "take it back"},
      {"union { b @1 :Text; c @2 :Void; }", "b @1 :Text; c @2 :Void;", "take it back"},
  };
  for (const auto& breach : breaches) {
    auto result = compared(base, changed(breach.from, breach.to));
    ASSERT_FALSE(result.broken.empty()) << breach.to;
    EXPECT_THAT(result.broken[0], HasSubstr(breach.words)) << breach.from << " -> " << breach.to;
  }
}

TEST(Growth, TheText_CanBeReadAgain) {
  auto all = promises(base);
  std::stringstream text;
  write(text, all);
  EXPECT_EQ(read(text), all);
  std::stringstream broken("x.capnp file = 0x1\nnonsense\n");
  try {
    read(broken);
    ADD_FAILURE() << "it was taken";
  } catch (const std::exception& fault) {
    EXPECT_THAT(fault.what(), HasSubstr("line 2"));
  }
}

}  // namespace
}  // namespace maitred::schemas
