// Small messages go out together, in order, and nothing is lost at the end.
#include <maitred/gathered-stream.h>

#include <gtest/gtest.h>

#include <string>

namespace maitred {
namespace {

// Counts the calls that reach the system.
class Counting final : public kj::AsyncIoStream {
 public:
  Counting(kj::Own<kj::AsyncIoStream> inner, int& reads, int& writes)
      : inner(kj::mv(inner)), reads(reads), writes(writes) {}
  kj::Promise<size_t> tryRead(void* to, size_t least, size_t most) override {
    ++reads;
    return inner->tryRead(to, least, most);
  }
  kj::Promise<void> write(const void* from, size_t size) override {
    ++writes;
    return inner->write(from, size);
  }
  kj::Promise<void> write(kj::ArrayPtr<const kj::ArrayPtr<const kj::byte>> pieces) override {
    ++writes;
    return inner->write(pieces);
  }
  void shutdownWrite() override { inner->shutdownWrite(); }
  kj::Promise<void> whenWriteDisconnected() override { return inner->whenWriteDisconnected(); }
  kj::Maybe<int> getFd() const override { return inner->getFd(); }

 private:
  kj::Own<kj::AsyncIoStream> inner;
  int &reads, &writes;
};

class Gathered : public ::testing::Test {
 public:
  ~Gathered() noexcept override {}

 protected:
  kj::AsyncIoContext io = kj::setupAsyncIo();
  kj::TwoWayPipe pipe = io.provider->newTwoWayPipe();
  int reads = 0, writes = 0;
  kj::Own<kj::AsyncIoStream> stream =
      gathered(kj::heap<Counting>(kj::mv(pipe.ends[0]), reads, writes));
  kj::AsyncIoStream& other = *pipe.ends[1];

  void write(const std::string& text) {
    stream->write(text.data(), text.size()).wait(io.waitScope);
  }
  std::string readOther(size_t size) {
    std::string text(size, '\0');
    text.resize(other.tryRead(text.data(), size, size).wait(io.waitScope));
    return text;
  }
  std::string read(size_t size) {
    std::string text(size, '\0');
    text.resize(stream->tryRead(text.data(), size, size).wait(io.waitScope));
    return text;
  }
};

TEST_F(Gathered, WritesOfOneTurnGoTogetherInOrder) {
  kj::Vector<kj::Promise<void>> all;
  std::string expected, piece;
  for (int i = 0; i < 100; ++i) {
    piece = std::to_string(i) + ";";
    all.add(stream->write(piece.data(), piece.size()));
    expected += piece;
  }
  kj::joinPromises(all.releaseAsArray()).wait(io.waitScope);
  EXPECT_EQ(readOther(expected.size()), expected);
  EXPECT_EQ(writes, 1);
}

TEST_F(Gathered, ALargeOneKeepsItsPlace) {
  std::string big(3 << 20, 'b');
  write("first;");
  auto writing = stream->write(big.data(), big.size());
  auto reading = kj::evalNow([&]() { return other.readAllText(8 << 20); });
  writing.wait(io.waitScope);
  write("last;");
  stream->shutdownWrite();
  auto text = reading.wait(io.waitScope);
  EXPECT_EQ(std::string(text.begin(), text.size()), "first;" + big + "last;");
}

TEST_F(Gathered, ShutdownComesAfterWhatWaits) {
  write("words");
  stream->shutdownWrite();
  EXPECT_EQ(readOther(100), "words");
}

TEST_F(Gathered, WhatWaitsIsStillSentWhenItIsDestroyed) {
  write("last words");
  stream = nullptr;
  EXPECT_EQ(readOther(100), "last words");
}

TEST_F(Gathered, AWriterThatIsFarAheadWaits) {
  std::string piece(10'000, 'x');
  std::vector<kj::Promise<void>> open;
  bool held = false;
  for (int i = 0; i < 500 && !held; ++i) {  // more than a socket takes
    open.push_back(stream->write(piece.data(), piece.size()));
    held = !open.back().poll(io.waitScope);
  }
  EXPECT_TRUE(held);
  readOther(piece.size() * open.size());
  open.back().wait(io.waitScope);
}

TEST_F(Gathered, AFaultIsToldByTheNextWrite) {
  pipe.ends[1] = nullptr;
  write("nobody reads this");
  bool told = false;
  for (int i = 0; i < 100 && !told; ++i) {
    told = kj::runCatchingExceptions([&]() { write("nor this"); }) != nullptr;
    io.provider->getTimer().afterDelay(1 * kj::MILLISECONDS).wait(io.waitScope);  // a turn
  }
  EXPECT_TRUE(told);
}

TEST_F(Gathered, ManySmallReadsAreFewCalls) {
  std::string text;
  for (int i = 0; i < 1000; ++i) text += std::to_string(1000 + i);
  other.write(text.data(), text.size()).wait(io.waitScope);
  other.shutdownWrite();
  std::string got;
  for (size_t size = 1; got.size() < text.size(); size = size % 7 + 1) got += read(size);
  EXPECT_EQ(got, text);
  EXPECT_LE(reads, 2);
  EXPECT_EQ(read(1), "") << "the end";
}

TEST_F(Gathered, LargeReadsAreWhole) {
  std::string big;
  for (int i = 0; i < 200'000; ++i) big += std::to_string(i);
  auto writing = other.write(big.data(), big.size());
  EXPECT_EQ(read(3), big.substr(0, 3));
  EXPECT_EQ(read(big.size() - 3), big.substr(3));
  writing.wait(io.waitScope);
}

}  // namespace
}  // namespace maitred
