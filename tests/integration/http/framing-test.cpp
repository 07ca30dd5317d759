// Messages that two readers could take apart in two ways, on real sockets: refused, the connection
// closed, and what came behind them never looked at. What is only unusual is understood.
#include "listeners.h"
#include "raw-client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace maitred::http::test {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

// In `bytes`, {GET} and {POST} stand for the listener's method and path without and with a body.
struct Message {
  const char* name;
  std::string bytes;
  unsigned status = 0;       // 0: taken
  const char* body = "";     // as understood, where it is taken
  bool hasBody = false;
};

void PrintTo(const Message& message, std::ostream* out) { *out << message.name; }

std::string fill(std::string text, const Listener& listener) {
  for (auto& [word, meaning] : {std::pair{"{GET}", listener.plain},
                                std::pair{"{POST}", listener.withBody}}) {
    for (size_t at; (at = text.find(word)) != text.npos;) {
      text.replace(at, std::string_view(word).size(), meaning);
    }
  }
  return text;
}

// A request that must never be answered behind one that was refused.
std::string canary(const Listener& listener) {
  return fill("{GET} HTTP/1.1\r\nHost: h\r\nX-Request-Id: canary\r\nConnection: close\r\n\r\n",
              listener);
}

void expectHealthy(const Listener& listener) {
  RawClient client(portOf(listener));
  client.send(canary(listener));
  EXPECT_THAT(client.readToEnd(), StartsWith("HTTP/1.1 200 "));
}

void expectRefused(const std::vector<Answer>& answers, unsigned status) {
  ASSERT_EQ(answers.size(), 1u);
  if (status == 0) {
    EXPECT_EQ(answers[0].status / 100, 4u) << answers[0].head;
  } else {
    EXPECT_EQ(answers[0].status, status) << answers[0].head << answers[0].body;
  }
  EXPECT_TRUE(answers[0].closes) << answers[0].head;
  EXPECT_THAT(answers[0].body, HasSubstr("\"error\""));
}

class Framing : public ::testing::TestWithParam<std::tuple<Listener, Message>> {
 protected:
  const Listener& listener = std::get<0>(GetParam());
  const Message& message = std::get<1>(GetParam());
};

TEST_P(Framing, IsTakenInOneWayOrRefused) {
  RawClient client(portOf(listener));
  client.send(fill(message.bytes, listener) + canary(listener));
  auto answers = answersIn(client.readToEnd());
  if (message.status != 0 && (listener.takesBodies || !message.hasBody)) {
    expectRefused(answers, message.status);
  } else if (message.hasBody && !listener.takesBodies) {
    expectRefused(answers, 0);
  } else {
    ASSERT_EQ(answers.size(), 2u);
    EXPECT_FALSE(answers[0].closes);
    if (listener.echoes && message.hasBody) {
      EXPECT_EQ(answers[0].body, message.body);
    }
    EXPECT_EQ(answers[1].status, 200u);
    EXPECT_THAT(answers[1].head, HasSubstr("X-Request-Id: canary\r\n"));
  }
  expectHealthy(listener);
}

std::string nameOf(const ::testing::TestParamInfo<std::tuple<Listener, Message>>& info) {
  return std::string(std::get<0>(info.param).name) + "_" + std::get<1>(info.param).name;
}

std::string get(const std::string& lines) {
  return "{GET} HTTP/1.1\r\nHost: h\r\n" + lines + "\r\n";
}
std::string post(const std::string& lines, const std::string& body = "") {
  return "{POST} HTTP/1.1\r\nHost: h\r\n" + lines + "\r\n" + body;
}
std::string nul(std::string text) {
  return text.replace(text.find('@'), 1, 1, '\0');
}
std::string lines(int count) {
  std::string all;
  for (int i = 0; i < count; ++i) all += "A: b\r\n";
  return all;
}

const std::vector<Message> LENGTHS = {
    {"SameLengthTwice", post("Content-Length: 4\r\nContent-Length: 4\r\n", "abcd"), 400},
    {"TwoLengths", post("Content-Length: 0\r\nContent-Length: 4\r\n", "abcd"), 400},
    {"LengthList", post("Content-Length: 4, 4\r\n", "abcd"), 400},
    {"LengthNegative", post("Content-Length: -1\r\n"), 400},
    {"LengthSigned", post("Content-Length: +4\r\n", "abcd"), 400},
    {"LengthHex", post("Content-Length: 0x4\r\n", "abcd"), 400},
    {"LengthExponent", post("Content-Length: 4e0\r\n", "abcd"), 400},
    {"LengthBlankInside", post("Content-Length: 1 0\r\n", "0123456789"), 400},
    {"LengthEmpty", post("Content-Length:\r\n"), 400},
    {"LengthOverflow", post("Content-Length: 18446744073709551620\r\n", "abcd"), 400},
    {"LengthLeadingZeros", post("Content-Length: 0004\r\n", "abcd"), 0, "abcd", true},
    {"LengthNone", post(""), 0, ""},
    {"LengthZero", post("Content-Length: 0\r\n"), 0, ""},
    {"LengthPlain", post("Content-Length: 10\r\n", "GET / HTTP"), 0, "GET / HTTP", true},
    {"LengthAndChunked",
     post("Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), 400},
    {"ChunkedAndLength",
     post("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n"), 400},
    {"BodyTooLong", post("Content-Length: 1048577\r\n"), 413, "", true},
    {"BodyFarTooLong", post("Content-Length: 999999999999999999\r\n"), 413, "", true},
};

const std::vector<Message> CODINGS = {
    {"ChunkedIdentity", post("Transfer-Encoding: chunked, identity\r\n", "0\r\n\r\n"), 501},
    {"Identity", post("Transfer-Encoding: identity\r\n"), 501},
    {"IdentityChunked", post("Transfer-Encoding: identity, chunked\r\n", "0\r\n\r\n"), 501},
    {"GzipChunked", post("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"), 501},
    {"XChunked", post("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n"), 501},
    {"ChunkedX", post("Transfer-Encoding: chunkedx\r\n", "0\r\n\r\n"), 501},
    {"QuotedChunked", post("Transfer-Encoding: \"chunked\"\r\n", "0\r\n\r\n"), 501},
    {"ChunkedWithParameter", post("Transfer-Encoding: chunked;q=1\r\n", "0\r\n\r\n"), 501},
    {"ChunkedComma", post("Transfer-Encoding: chunked,\r\n", "0\r\n\r\n"), 501},
    {"CodingEmpty", post("Transfer-Encoding:\r\n"), 501},
    {"ChunkedTwice",
     post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), 400},
    {"ChunkedThenIdentity",
     post("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", "0\r\n\r\n"), 400},
    {"ChunkedVerticalTab", post("Transfer-Encoding: \vchunked\r\n", "0\r\n\r\n"), 400},
    {"ChunkedFolded", post("Transfer-Encoding:\r\n chunked\r\n", "0\r\n\r\n"), 400},
    {"ChunkedBlankBeforeColon", post("Transfer-Encoding : chunked\r\n", "0\r\n\r\n"), 400},
    {"ChunkedAfterBlank", post(" Transfer-Encoding: chunked\r\n", "0\r\n\r\n"), 400},
    {"ChunkedIn10", "{POST} HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
    {"ChunkedUnderscore", post("Transfer_Encoding: chunked\r\n"), 0, ""},
    {"ChunkedAnyCase", post("transfer-ENCODING: \tChunked \r\n", "1\r\na\r\n0\r\n\r\n"), 0, "a",
     true},
};

const std::vector<Message> LINES = {
    {"BareLf", "{GET} HTTP/1.1\nHost: h\n\n", 400},
    {"BareLfInHead", "{GET} HTTP/1.1\r\nHost: h\nX: y\r\n\r\n", 400},
    {"BareLfAtTheEnd", "{GET} HTTP/1.1\r\nHost: h\r\n\n", 400},
    {"BareCr", get("X: a\rb\r\n"), 400},
    {"BareCrAsLineEnd", "{GET} HTTP/1.1\rHost: h\r\r\n\r\n", 400},
    {"Folded", get("X: a\r\n b\r\n"), 400},
    {"FoldedByTab", get("X: a\r\n\tb\r\n"), 400},
    {"FoldedFirstLine", "{GET} HTTP/1.1\r\n Host: h\r\n\r\n", 400},
    {"BlankBeforeColon", get("X : a\r\n"), 400},
    {"NoColon", get("X\r\n"), 400},
    {"NameEmpty", get(": a\r\n"), 400},
    {"NameWithBlank", get("X Y: a\r\n"), 400},
    {"NulInValue", nul(get("X: a@b\r\n")), 400},
    {"NulInName", nul(get("X@: b\r\n")), 400},
    {"NulInTarget", nul("{GET}@ HTTP/1.1\r\nHost: h\r\n\r\n"), 400},
    {"EscapeInValue", get("X: \x1b[0m\r\n"), 400},
    {"DelInValue", get("X: \x7f\r\n"), 400},
    {"HighBytesInValue", get("X: \xe9\r\n"), 0},
    {"ManyLines", get(lines(101)), 431},
    {"AsManyLinesAsAllowed", get(lines(99)), 0},
    {"LongLine", get("X: " + std::string(40'000, 'a') + "\r\n"), 431},
    {"LongHead", get("X: " + std::string(20'000, 'a') + "\r\nY: " + std::string(20'000, 'b') +
                     "\r\n"),
     431},
    {"OtherExpectation", get("Expect: 200-ok\r\n"), 417},
    {"ConnectionNoTokens", get("Connection: clo se\r\n"), 400},
};

const std::vector<Message> REQUEST_LINES = {
    {"HostMissing", "{GET} HTTP/1.1\r\nX: y\r\n\r\n", 400},
    {"HostTwice", get("Host: g\r\n"), 400},
    {"HostTwiceTheSame", get("Host: h\r\n"), 400},
    {"HostList", "{GET} HTTP/1.1\r\nHost: a, b\r\n\r\n", 400},
    {"HostWithUser", "{GET} HTTP/1.1\r\nHost: a@b\r\n\r\n", 400},
    {"HostWithPath", "{GET} HTTP/1.1\r\nHost: a/b\r\n\r\n", 400},
    {"AbsoluteForm", "GET http://h/ HTTP/1.1\r\nHost: h\r\n\r\n", 400},
    {"AuthorityForm", "CONNECT h:80 HTTP/1.1\r\nHost: h\r\n\r\n", 400},
    {"StarForGet", "GET * HTTP/1.1\r\nHost: h\r\n\r\n", 400},
    {"PathWithoutSlash", "GET info HTTP/1.1\r\nHost: h\r\n\r\n", 400},
    {"LineTooLong", "GET /" + std::string(9'000, 'a') + " HTTP/1.1\r\nHost: h\r\n\r\n", 414},
    {"Version09", "GET /\r\n\r\n", 400},
    {"Version2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
    {"Version12", "{GET} HTTP/1.2\r\nHost: h\r\n\r\n", 505},
    {"VersionLowerCase", "{GET} http/1.1\r\nHost: h\r\n\r\n", 400},
    {"VersionTwoDigits", "{GET} HTTP/1.10\r\nHost: h\r\n\r\n", 400},
    {"TwoBlanks", "GET  / HTTP/1.1\r\nHost: h\r\n\r\n", 400},
    {"TabInstead", "GET\t/ HTTP/1.1\r\nHost: h\r\n\r\n", 400},
    {"BlankAtTheEnd", "{GET} HTTP/1.1 \r\nHost: h\r\n\r\n", 400},
    {"BlankInTarget", "GET /a b HTTP/1.1\r\nHost: h\r\n\r\n", 400},
    {"EmptyLineFirst", "\r\n{GET} HTTP/1.1\r\nHost: h\r\n\r\n", 400},
    {"MethodNoToken", "G(T / HTTP/1.1\r\nHost: h\r\n\r\n", 400},
    {"RawUtf8", "GET /\xc3\xa9 HTTP/1.1\r\nHost: h\r\n\r\n", 400},
    {"Fragment", "GET /a#b HTTP/1.1\r\nHost: h\r\n\r\n", 400},
    {"PathThatClimbs", "GET /a/%2e%2e/b HTTP/1.1\r\nHost: h\r\n\r\n", 400},
    {"PathWithNul", "GET /a%00b HTTP/1.1\r\nHost: h\r\n\r\n", 400},
    {"Tls", std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11) + "\r\n\r\n", 400},
};

// A chunked body, at the end of which the next request has to begin.
Message chunked(const char* name, const std::string& body, unsigned status,
                const char* meaning = "") {
  return {name, post("Transfer-Encoding: chunked\r\n", body), status, meaning, true};
}
const std::vector<Message> CHUNKS = {
    chunked("Plain", "5\r\nhello\r\n0\r\n\r\n", 0, "hello"),
    chunked("SizeInEitherCase", "A\r\n0123456789\r\na\r\nabcdefghij\r\n0\r\n\r\n", 0,
            "0123456789abcdefghij"),
    chunked("SizeLeadingZeros", "0005\r\nhello\r\n000\r\n\r\n", 0, "hello"),
    chunked("Extension", "5;a=\"b\";c\r\nhello\r\n0;last\r\n\r\n", 0, "hello"),
    chunked("Trailers", "1\r\na\r\n0\r\nX-Sum: 1\r\nY: 2\r\n\r\n", 0, "a"),
    chunked("TrailerThatFrames", "1\r\na\r\n0\r\nContent-Length: 50\r\n\r\n", 0, "a"),
    chunked("ExtensionTooLong", "5;" + std::string(300, 'a') + "\r\nhello\r\n0\r\n\r\n", 400),
    chunked("ExtensionBareLf", "5;a\nb\r\nhello\r\n0\r\n\r\n", 400),
    chunked("ExtensionNul", nul("5;a@\r\nhello\r\n0\r\n\r\n"), 400),
    chunked("SizeOverflow", "10000000000000005\r\nhello\r\n0\r\n\r\n", 413),
    chunked("SizeAllOnes", "ffffffffffffffff\r\nhello\r\n0\r\n\r\n", 413),
    chunked("SizeManyZeros", std::string(40, '0') + "5\r\nhello\r\n0\r\n\r\n", 413),
    chunked("SizeTooLong", "100001\r\n", 413),
    chunked("SizePlus", "+5\r\nhello\r\n0\r\n\r\n", 400),
    chunked("SizeMinus", "-5\r\nhello\r\n0\r\n\r\n", 400),
    chunked("SizePrefixed", "0x5\r\nhello\r\n0\r\n\r\n", 400),
    chunked("SizeBlankBefore", " 5\r\nhello\r\n0\r\n\r\n", 400),
    chunked("SizeBlankAfter", "5 \r\nhello\r\n0\r\n\r\n", 400),
    chunked("SizeEmpty", "\r\nhello\r\n0\r\n\r\n", 400),
    chunked("SizeNoDigit", "g\r\nhello\r\n0\r\n\r\n", 400),
    chunked("SizeBareLf", "5\nhello\r\n0\r\n\r\n", 400),
    chunked("SizeBareCr", "5\rhello\r\n0\r\n\r\n", 400),
    chunked("DataTooLong", "5\r\nhello!\r\n0\r\n\r\n", 400),
    chunked("DataTooShort", "5\r\nhell\r\n0\r\n\r\n", 400),
    chunked("DataEndsWithBareLf", "5\r\nhello\n0\r\n\r\n", 400),
    chunked("LastChunkBareLf", "0\n\n", 400),
    chunked("TrailerNoField", "0\r\nbad trailer\r\n\r\n", 400),
    chunked("TrailerBareLf", "0\r\nA: b\n\r\n", 400),
    chunked("TrailerFolded", "0\r\nA: b\r\n c\r\n\r\n", 400),
    chunked("TrailerTooLong", "0\r\nA: " + std::string(40'000, 'a') + "\r\n\r\n", 431),
};

auto everyListener() { return ::testing::ValuesIn(listeners()); }
INSTANTIATE_TEST_SUITE_P(Lengths, Framing,
                         ::testing::Combine(everyListener(), ::testing::ValuesIn(LENGTHS)), nameOf);
INSTANTIATE_TEST_SUITE_P(Codings, Framing,
                         ::testing::Combine(everyListener(), ::testing::ValuesIn(CODINGS)), nameOf);
INSTANTIATE_TEST_SUITE_P(Lines, Framing,
                         ::testing::Combine(everyListener(), ::testing::ValuesIn(LINES)), nameOf);
INSTANTIATE_TEST_SUITE_P(RequestLines, Framing,
                         ::testing::Combine(everyListener(),
                                            ::testing::ValuesIn(REQUEST_LINES)), nameOf);
INSTANTIATE_TEST_SUITE_P(Chunks, Framing,
                         ::testing::Combine(everyListener(), ::testing::ValuesIn(CHUNKS)), nameOf);

class Connections : public ::testing::TestWithParam<Listener> {
 protected:
  const Listener& listener = GetParam();
  std::string plain = fill(get(""), listener);
};

TEST_P(Connections, AMalformedSecondRequestLeavesTheFirstItsAnswer) {
  RawClient client(portOf(listener));
  client.send(plain + plain + "GET / HTTP/1.1\r\nHost : h\r\n\r\n" + canary(listener));
  auto answers = answersIn(client.readToEnd());
  ASSERT_EQ(answers.size(), 3u);
  EXPECT_EQ(answers[0].status, 200u);
  EXPECT_EQ(answers[1].status, 200u);
  EXPECT_FALSE(answers[1].closes);
  EXPECT_EQ(answers[2].status, 400u);
  EXPECT_TRUE(answers[2].closes);
}

// Whoever refuses a request without reading its body must not read it as the next request.
TEST_P(Connections, ABodyThatNobodyReadIsNoRequest) {
  RawClient client(portOf(listener));
  client.send("POST /none-such HTTP/1.1\r\nHost: h\r\nContent-Length: 500\r\n\r\n" +
              canary(listener));
  auto answers = answersIn(client.readToEnd());
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_EQ(answers[0].status, 404u);
  EXPECT_TRUE(answers[0].closes);
}

TEST_P(Connections, ABodyThatEndsEarlyIsRefused) {
  RawClient client(portOf(listener));
  client.send(fill(post("Content-Length: 10\r\n", "abc"), listener));
  client.finishWriting();
  auto answers = answersIn(client.readToEnd());
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_EQ(answers[0].status, listener.takesBodies ? 400u : 413u);
  EXPECT_TRUE(answers[0].closes);
}

TEST_P(Connections, AHeadThatEndsEarlyIsNotAnswered) {
  RawClient client(portOf(listener));
  client.send(plain.substr(0, plain.size() - 2));
  client.finishWriting();
  EXPECT_EQ(client.readToEnd(), "");
}

TEST_P(Connections, Continue_IsSaidWhereTheBodyIsWanted) {
  RawClient client(portOf(listener));
  client.send(fill(post("Expect: 100-continue\r\nContent-Length: 5\r\n"), listener));
  if (listener.takesBodies) {
    ASSERT_TRUE(client.readUntil("HTTP/1.1 100 Continue\r\n\r\n")) << client.received;
    client.send("hello" + canary(listener));
    auto answers = answersIn(client.readToEnd());
    ASSERT_EQ(answers.size(), 3u);
    EXPECT_EQ(answers[1].status, 200u);
    if (listener.echoes) {
      EXPECT_EQ(answers[1].body, "hello");
    }
    EXPECT_EQ(answers[2].status, 200u);
  } else {
    expectRefused(answersIn(client.readToEnd()), 413);
  }
}

TEST_P(Connections, Continue_IsNotSaidForABodyThatIsTooLong) {
  RawClient client(portOf(listener));
  client.send(fill(post("Expect: 100-continue\r\nContent-Length: 1048577\r\n"), listener));
  expectRefused(answersIn(client.readToEnd()), 413);
}

// A client that goes on sending what was refused gets to read why, and no reset.
TEST_P(Connections, TheAnswerToAnOversizedBodyCanBeRead) {
  RawClient client(portOf(listener));
  client.send(fill(post("Content-Length: 3000000\r\n"), listener));
  client.send(std::string(3'000'000, 'x'));
  expectRefused(answersIn(client.readToEnd()), 413);
}

INSTANTIATE_TEST_SUITE_P(Listeners, Connections, everyListener(),
                         [](auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace maitred::http::test
