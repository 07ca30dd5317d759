#include <maitred/http/wire.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace maitred::http {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct Outcome {
  size_t size = 0;
  std::optional<WireError> error;
  RequestHead head;
};

Outcome parse(std::string_view bytes, const Limits& limits = {}) {
  HeadScanner scanner(limits);
  Outcome outcome;
  outcome.size = scanner.scan(bytes);
  outcome.error = scanner.error();
  if (outcome.size > 0) {
    outcome.error = parseRequestHead(bytes.substr(0, outcome.size), outcome.head);
  }
  return outcome;
}

TEST(RequestHead, ReadsAPlainRequest) {
  std::string bytes =
      "GET /a/b?x=1 HTTP/1.1\r\nHost: h:80\r\nX-Y:  two words\t\r\nEmpty:\r\n\r\nrest";
  auto outcome = parse(bytes);
  ASSERT_FALSE(outcome.error);
  EXPECT_EQ(outcome.size, bytes.size() - 4);
  EXPECT_EQ(outcome.head.method, "GET");
  EXPECT_EQ(outcome.head.target, "/a/b?x=1");
  EXPECT_EQ(outcome.head.fields.get("x-y"), "two words");
  EXPECT_EQ(outcome.head.fields.get("EMPTY"), "");
  EXPECT_FALSE(outcome.head.fields.get("absent"));
  EXPECT_TRUE(outcome.head.keepAlive);
  EXPECT_FALSE(outcome.head.hasBody());
}

TEST(RequestHead, KeepsRepeatedHeadersInOrder) {
  std::string bytes = "GET / HTTP/1.1\r\nHost: h\r\nA: 1\r\nB: x\r\na: 2\r\n\r\n";
  auto outcome = parse(bytes);
  ASSERT_FALSE(outcome.error);
  EXPECT_THAT(outcome.head.fields.all("A"), ElementsAre("1", "2"));
}

TEST(RequestHead, ReadsFraming) {
  std::string sized = "POST / HTTP/1.1\r\nHost: h\r\ncontent-length: 0012\r\n\r\n";
  EXPECT_EQ(parse(sized).head.contentLength, 12u);
  std::string chunked = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: Chunked\r\n\r\n";
  EXPECT_TRUE(parse(chunked).head.chunked);
  std::string close = "GET / HTTP/1.1\r\nHost: h\r\nConnection: x, CLOSE ,y\r\n\r\n";
  EXPECT_FALSE(parse(close).head.keepAlive);
  std::string old = "GET / HTTP/1.0\r\n\r\n";
  EXPECT_FALSE(parse(old).error);
  EXPECT_FALSE(parse(old).head.keepAlive);
  std::string expect =
      "PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nExpect: 100-Continue\r\n\r\n";
  EXPECT_TRUE(parse(expect).head.expectContinue);
}

struct Refused {
  const char* name;
  std::string bytes;
  unsigned status;
};
class RefusedHead : public ::testing::TestWithParam<Refused> {};

TEST_P(RefusedHead, IsRefused) {
  auto outcome = parse(GetParam().bytes);
  ASSERT_TRUE(outcome.error) << GetParam().bytes;
  EXPECT_EQ(outcome.error->status, GetParam().status) << outcome.error->message;
}

std::string get(std::string lines) { return "GET / HTTP/1.1\r\nHost: h\r\n" + lines + "\r\n"; }
std::string post(std::string lines) { return "POST / HTTP/1.1\r\nHost: h\r\n" + lines + "\r\n"; }
std::string nul(std::string text) {
  text[text.find('@')] = '\0';
  return text;
}

INSTANTIATE_TEST_SUITE_P(
    Framing, RefusedHead,
    ::testing::Values(
        Refused{"LengthAndChunked", post("Content-Length: 4\r\nTransfer-Encoding: chunked\r\n"),
                400},
        Refused{"ChunkedAndLength", post("Transfer-Encoding: chunked\r\nContent-Length: 4\r\n"),
                400},
        Refused{"TwoLengths", post("Content-Length: 4\r\nContent-Length: 5\r\n"), 400},
        Refused{"SameLengthTwice", post("Content-Length: 4\r\nContent-Length: 4\r\n"), 400},
        Refused{"LengthList", post("Content-Length: 4, 4\r\n"), 400},
        Refused{"NegativeLength", post("Content-Length: -1\r\n"), 400},
        Refused{"SignedLength", post("Content-Length: +1\r\n"), 400},
        Refused{"HexLength", post("Content-Length: 0x10\r\n"), 400},
        Refused{"EmptyLength", post("Content-Length:\r\n"), 400},
        Refused{"HugeLength", post("Content-Length: 99999999999999999999\r\n"), 400},
        Refused{"GzipChunked", post("Transfer-Encoding: gzip, chunked\r\n"), 501},
        Refused{"ChunkedIdentity", post("Transfer-Encoding: chunked, identity\r\n"), 501},
        Refused{"QuotedChunked", post("Transfer-Encoding: \"chunked\"\r\n"), 501},
        Refused{"ChunkedTwice",
                post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), 400},
        Refused{"ChunkedTab", post("Transfer-Encoding: \vchunked\r\n"), 400},
        Refused{"ChunkedIn10",
                "POST / HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
        Refused{"OtherExpectation", post("Expect: 200-ok\r\n"), 417}),
    [](auto& info) { return info.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Lines, RefusedHead,
    ::testing::Values(
        Refused{"BareLf", "GET / HTTP/1.1\nHost: h\n\n", 400},
        Refused{"BareLfInside", "GET / HTTP/1.1\r\nHost: h\nX: y\r\n\r\n", 400},
        Refused{"BareCr", get("X: a\rb\r\n"), 400},
        Refused{"Folded", get("X: a\r\n b\r\n"), 400},
        Refused{"FoldedTab", get("X: a\r\n\tb\r\n"), 400},
        Refused{"FoldedFirst", "GET / HTTP/1.1\r\n Host: h\r\n\r\n", 400},
        Refused{"BlankBeforeColon", get("X : a\r\n"), 400},
        Refused{"NoColon", get("X\r\n"), 400},
        Refused{"EmptyName", get(": a\r\n"), 400},
        Refused{"NameWithBlank", get("X Y: a\r\n"), 400},
        Refused{"NulInValue", nul(get("X: a@b\r\n")), 400},
        Refused{"NulInName", nul(get("X@: b\r\n")), 400},
        Refused{"EscapeInValue", get("X: \x1b[0m\r\n"), 400},
        Refused{"DelInValue", get("X: \x7f\r\n"), 400},
        Refused{"EmptyFirstLine", "\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", 400},
        Refused{"NoHost", "GET / HTTP/1.1\r\n\r\n", 400},
        Refused{"TwoHosts", get("Host: g\r\n"), 400},
        Refused{"ConnectionNoTokens", get("Connection: clo se\r\n"), 400},
        Refused{"HostWithUser", "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", 400}),
    [](auto& info) { return info.param.name; });

INSTANTIATE_TEST_SUITE_P(
    RequestLine, RefusedHead,
    ::testing::Values(
        Refused{"NoVersion", "GET /\r\nHost: h\r\n\r\n", 400},
        Refused{"TwoBlanks", "GET  / HTTP/1.1\r\nHost: h\r\n\r\n", 400},
        Refused{"BlankInTarget", "GET /a b HTTP/1.1\r\nHost: h\r\n\r\n", 400},
        Refused{"TrailingBlank", "GET / HTTP/1.1 \r\nHost: h\r\n\r\n", 400},
        Refused{"TabInstead", "GET\t/ HTTP/1.1\r\nHost: h\r\n\r\n", 400},
        Refused{"LowerVersion", "GET / http/1.1\r\nHost: h\r\n\r\n", 400},
        Refused{"Version2", "GET / HTTP/2.0\r\nHost: h\r\n\r\n", 505},
        Refused{"Version12", "GET / HTTP/1.2\r\nHost: h\r\n\r\n", 505},
        Refused{"BadMethod", "G(T / HTTP/1.1\r\nHost: h\r\n\r\n", 400},
        Refused{"LongMethod", std::string(33, 'G') + " / HTTP/1.1\r\nHost: h\r\n\r\n", 400},
        Refused{"Proxy", "GET http://h/ HTTP/1.1\r\nHost: h\r\n\r\n", 400},
        Refused{"Connect", "CONNECT h:80 HTTP/1.1\r\nHost: h\r\n\r\n", 400},
        Refused{"StarForGet", "GET * HTTP/1.1\r\nHost: h\r\n\r\n", 400},
        Refused{"RawUtf8", "GET /\xc3\xa9 HTTP/1.1\r\nHost: h\r\n\r\n", 400},
        Refused{"Fragment", "GET /a#b HTTP/1.1\r\nHost: h\r\n\r\n", 400},
        Refused{"Tls", std::string("\x16\x03\x01\x02\x00\x01\n", 7), 400}),
    [](auto& info) { return info.param.name; });

TEST(HeadScanner, HoldsItsCapsBeforeTheLineEnds) {
  Limits limits;
  limits.requestLine = 300;
  limits.headers = 1000;
  limits.headerCount = 5;
  EXPECT_EQ(parse("GET /" + std::string(300, 'a'), limits).error->status, 414u);
  EXPECT_EQ(parse("GET /" + std::string(300, 'a') + " HTTP/1.1\r\n", limits).error->status, 414u);
  EXPECT_EQ(parse("GET / HTTP/1.1\r\nX: " + std::string(1000, 'a'), limits).error->status, 431u);
  EXPECT_EQ(parse(get("A: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\nE: 5\r\n"), limits).error->status, 431u);
  EXPECT_FALSE(parse(get("A: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\n"), limits).error);
}

TEST(HeadScanner, GivesTheSameForAnySplit) {
  std::string bytes = get("X: y\r\n") + "GET /next";
  Limits limits;
  for (size_t step = 1; step < 7; ++step) {
    HeadScanner scanner(limits);
    size_t size = 0, seen = 0;
    while (size == 0 && seen < bytes.size()) {
      seen = std::min(seen + step, bytes.size());
      size = scanner.scan(std::string_view(bytes).substr(0, seen));
    }
    EXPECT_EQ(size, bytes.size() - 9) << "step " << step;
  }
}

TEST(HeadScanner, RefusesABareLfAtOnce) {
  Limits limits;
  HeadScanner scanner(limits);
  EXPECT_EQ(scanner.scan("GET / HTTP/1.1\n"), 0u);
  ASSERT_TRUE(scanner.error());
  EXPECT_THAT(scanner.error()->message, HasSubstr("line 1"));
}

}  // namespace
}  // namespace maitred::http
