#include <maitred/http/wire.h>

#include <gtest/gtest.h>

namespace maitred::http {
namespace {

struct Decoded {
  std::string body;
  std::string rest;
  bool done;
  unsigned status;   // 0: no error
};

Decoded decode(std::string_view bytes, size_t step, size_t maxBody = 1000) {
  ChunkedDecoder decoder(maxBody, 200);
  Decoded result{};
  size_t at = 0;
  while (at < bytes.size() && !decoder.done() && !decoder.error()) {
    std::string_view piece = bytes.substr(at, step);
    size_t offered = piece.size();
    while (!piece.empty() && !decoder.done() && !decoder.error()) {
      result.body += decoder.next(piece);
    }
    at += offered - piece.size();
  }
  result.rest = bytes.substr(at);
  result.done = decoder.done();
  result.status = decoder.error() ? decoder.error()->status : 0;
  return result;
}

TEST(ChunkedDecoder, DecodesForAnySplit) {
  std::string bytes = "5;a=b\r\nhello\r\n00A\r\n, worlds!!\r\n0\r\nX-Sum: 1\r\n\r\nGET /";
  for (size_t step = 1; step < 20; ++step) {
    auto decoded = decode(bytes, step);
    EXPECT_TRUE(decoded.done);
    EXPECT_EQ(decoded.body, "hello, worlds!!");
    EXPECT_EQ(decoded.rest, "GET /");
  }
}

TEST(ChunkedDecoder, RefusesWhatTwoParsersCouldReadInTwoWays) {
  for (std::string bytes :
       {"\r\n", "x\r\n", "-1\r\n", "0x5\r\nhello\r\n", " 5\r\nhello\r\n", "5 \r\nhello\r\n",
        "5\nhello\r\n", "5\r\nhello\n", "5\r\nhelloX\r\n", "5\r\nhell\r\n0\r\n", ";a\r\n",
        "5;\x01\r\n", "5\rx", "0\r\n\n", "0\r\nbad trailer\r\n\r\n", "0\r\n: x\r\n\r\n",
        "0\r\nA : x\r\n\r\n"}) {
    for (size_t step : {size_t(1), bytes.size()}) {
      auto decoded = decode(bytes, step);
      EXPECT_EQ(decoded.status, 400u) << bytes;
      EXPECT_FALSE(decoded.done) << bytes;
    }
  }
}

TEST(ChunkedDecoder, HoldsItsCaps) {
  EXPECT_EQ(decode("3e9\r\n", 100).status, 413u);
  EXPECT_EQ(decode("3e8\r\n", 100).status, 0u);
  EXPECT_EQ(decode("ffffffffffffffff\r\n", 100).status, 413u);
  EXPECT_EQ(decode("2\r\nab\r\n3e7\r\n", 100).status, 413u);
  EXPECT_EQ(decode("5;" + std::string(300, 'a'), 100).status, 400u);
  EXPECT_EQ(decode("0\r\nA: " + std::string(300, 'a'), 100).status, 431u);
}

}  // namespace
}  // namespace maitred::http
