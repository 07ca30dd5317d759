// Numbers with units, words that are near, addresses.

#include "host/config/quantity.h"

#include "host/config/address.h"
#include "host/config/names.h"

#include <gtest/gtest.h>
#include <maitred/utf8.h>

namespace maitred::host {
namespace {

int64_t whole(const std::string& text, Unit unit) {
  WholeNumber number = parseWhole(text, unit);
  EXPECT_EQ(number.fault, "") << text;
  return static_cast<int64_t>(number.value);
}

TEST(Quantity, ReadsUnitsExactly) {
  EXPECT_EQ(whole("16GiB", Unit::BYTES), 17179869184);
  EXPECT_EQ(whole("1.5 kB", Unit::BYTES), 1500);
  EXPECT_EQ(whole("0.1s", Unit::MILLISECONDS), 100);
  EXPECT_EQ(whole("90s", Unit::SECONDS), 90);
  EXPECT_EQ(whole("1500ms", Unit::NANOSECONDS), 1500000000);
  EXPECT_EQ(whole("2d", Unit::SECONDS), 172800);
  EXPECT_EQ(whole("0.001", Unit::CPU_MILLIS), 1);
  EXPECT_EQ(whole("-3e2", Unit::UNSPECIFIED), -300);
  EXPECT_EQ(whole("9007199254740993", Unit::UNSPECIFIED), 9007199254740993);
  EXPECT_EQ(whole("0", Unit::MILLISECONDS), 0);
}

TEST(Quantity, RefusesWhatIsNoNumber) {
  for (const char* text :
       {"", "x", "1x", "0x1g", ".5", "5.", "1e", "--1", "1,5", "0x", "1e99999999999", "Infinity"}) {
    EXPECT_NE(parseWhole(text, Unit::UNSPECIFIED).fault, "") << text;
  }
  for (const char* text : {"1KB", "1gib", "1ms", "1 GiB B"})
    EXPECT_NE(parseWhole(text, Unit::BYTES).fault, "") << text;
  EXPECT_EQ(parseWhole("1e31", Unit::UNSPECIFIED).fault, "is far too large");
  EXPECT_EQ(parseWhole("0x1" + std::string(16, '0'), Unit::UNSPECIFIED).fault, "is far too large");
  EXPECT_EQ(parseWhole("1ns", Unit::SECONDS).fault, "is not a whole number of seconds");
  EXPECT_EQ(parseReal("1e999", Unit::UNSPECIFIED).fault, "is far too large");
}

TEST(Quantity, WritesWhatItReads) {
  EXPECT_EQ(formatQuantity(30000, Unit::MILLISECONDS), "30s");
  EXPECT_EQ(formatQuantity(1500, Unit::MILLISECONDS), "1500ms");
  EXPECT_EQ(formatQuantity(3145728, Unit::BYTES), "3MiB");
  EXPECT_EQ(formatQuantity(1000, Unit::BYTES), "1000B");
  EXPECT_EQ(formatQuantity(2250, Unit::CPU_MILLIS), "2.25");
  for (Unit unit : {Unit::BYTES, Unit::NANOSECONDS, Unit::MILLISECONDS, Unit::SECONDS,
                    Unit::CPU_MILLIS, Unit::UNSPECIFIED}) {
    for (int64_t value : {0ll, 1ll, 7ll, 1000ll, 1024ll, 3600000ll, 86400000000001ll}) {
      EXPECT_EQ(whole(formatQuantity(value, unit), unit), value);
    }
  }
}

TEST(Names, GuessOnlyWhenUnambiguous) {
  EXPECT_EQ(nearest("levle", {"level", "file"}), "level");
  EXPECT_EQ(nearest("max_slot", {"max_slots", "min_slots"}), "max_slots");
  EXPECT_EQ(nearest("slots_max", {"max_slots", "min_slots"}), "max_slots");
  EXPECT_EQ(nearest("killGrace", {"kill_grace"}), "kill_grace");
  EXPECT_EQ(nearest("cat", {"bat", "rat"}), std::nullopt);
  EXPECT_EQ(nearest("zebra", {"level"}), std::nullopt);
  EXPECT_EQ(toKey("topAndBottom"), "top_and_bottom");
}

TEST(Names, KnowInvalidUtf8) {
  EXPECT_EQ(invalidUtf8("aä€😀"), std::string_view::npos);
  for (const char* text :
       {"\xC0\x80", "\xED\xA0\x80", "\xF5\x80\x80\x80", "\xE2\x82", "\x80", "\xE0\x80\x80"}) {
    EXPECT_EQ(invalidUtf8(text), 0u);
  }
}

TEST(Address, ChecksSyntaxAndCollisions) {
  for (const char* text : {"127.0.0.1:0", "[::1]:80", "*:8080", "localhost:1", "unix:a.sock"}) {
    EXPECT_EQ(addressFault(text), "") << text;
  }
  for (const char* text : {"", ":80", "1.2.3:80", "a b:1", "[::g]:1", "[::1]", "x:", "x:65536",
                           "x:+1", "unix:", "host-a.example:1"}) {
    EXPECT_NE(addressFault(text), "") << text;
  }
  EXPECT_TRUE(sameAddress("*:80", "127.0.0.1:80"));
  EXPECT_THAT(addressFault("host-a.example:1"), ::testing::HasSubstr("names are not looked up"));
  EXPECT_TRUE(sameAddress("localhost:80", "127.0.0.1:80"));
  EXPECT_TRUE(sameAddress("unix:/a", "unix:/a"));
  EXPECT_FALSE(sameAddress("127.0.0.1:0", "127.0.0.1:0"));
  EXPECT_FALSE(sameAddress("127.0.0.2:80", "127.0.0.1:80"));
}

}  // namespace
}  // namespace maitred::host
