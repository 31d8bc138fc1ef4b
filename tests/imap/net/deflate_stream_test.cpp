#include "imap/net/deflate_stream.h"

#include "imap/base/errors.h"
#include "imap/net/plain_stream.h"
#include "tests/support/catch.h"
#include "tests/support/deflate.h"
#include "tests/support/loopback.h"

#include <memory>
#include <string>

using namespace imap;
using namespace tests;

namespace {

constexpr std::size_t kFloor = std::size_t{64} << 20;

DeflateStream serving(std::string octets, std::size_t piece = 65536) {
  return DeflateStream(std::make_unique<MemoryStream>(std::move(octets), piece), {});
}

std::string all_of(Stream& stream) {
  std::string text;
  std::string piece(65536, '\0');
  while (const auto got =
             stream.read(std::as_writable_bytes(std::span(piece.data(), piece.size())), soon())) {
    text.append(piece, 0, got);
  }
  return text;
}

std::size_t count_all(Stream& stream) {
  std::size_t size = 0;
  std::vector<std::byte> piece(1 << 20);
  while (const auto got = stream.read(piece, soon())) size += got;
  return size;
}

std::string listing() {
  std::string text;
  for (int i = 0; i < 20'000; ++i) text += "* LIST () \"/\" box" + std::to_string(i) + "\r\n";
  return text;
}

/// A compressed stream to the socket of a server.
struct Connected {
  WakeFd abort;
  ConnectedPair pair = connected_pair();
  DeflateStream stream{std::make_unique<PlainStream>(std::move(pair.client), abort), {}};
  UniqueFd server = std::move(pair.server);
};

}  // namespace

TEST_CASE("what is compressed reads as it was, however it arrives", "[net][deflate]") {
  const auto text = listing();
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{65536}}) {
    auto stream = serving(deflated(text), piece);
    CHECK(all_of(stream) == text);
    CHECK(stream.ended_cleanly());
  }
}

TEST_CASE("compressed text may be read octet by octet", "[net][deflate]") {
  auto stream = serving(deflated("* OK done\r\n"), 1);
  std::string text;
  std::byte octet{};
  while (stream.read({&octet, 1}, soon()) == 1) text += static_cast<char>(octet);
  CHECK(text == "* OK done\r\n");
}

TEST_CASE("what was read behind the answer to COMPRESS is the beginning", "[net][deflate]") {
  const auto octets = deflated("* 3 EXISTS\r\n");
  for (std::size_t cut = 0; cut <= octets.size(); ++cut) {
    DeflateStream stream(std::make_unique<MemoryStream>(octets.substr(cut)),
                         bytes(std::string_view(octets).substr(0, cut)));
    CHECK(all_of(stream) == "* 3 EXISTS\r\n");
  }
}

TEST_CASE("each write is readable at once on the other side", "[net][deflate]") {
  Connected connected;
  std::string arrived;
  for (const std::string command : {"A1 NOOP\r\n", "A2 LIST \"\" \"*\"\r\n"}) {
    connected.stream.write(bytes(command), soon());
    std::string octets;
    // A flush ends with an empty block.
    while (!octets.ends_with(std::string("\0\0\xff\xff", 4)))
      octets += receive(connected.server, 1);
    arrived += octets;
    CHECK(inflated(arrived).ends_with(command));
  }
  CHECK(inflated(arrived) == "A1 NOOP\r\nA2 LIST \"\" \"*\"\r\n");
}

TEST_CASE("a large write is compressed whole, an empty one is nothing", "[net][deflate]") {
  auto memory = std::make_unique<MemoryStream>("");
  auto* written = memory.get();
  DeflateStream stream(std::move(memory), {});
  stream.write({}, soon());
  CHECK(written->written().empty());
  std::string text;
  for (unsigned i = 0, x = 1; i < 3'000'000; ++i)
    text += static_cast<char>((x = x * 69069 + 1) >> 24);
  stream.write(bytes(text), soon());
  CHECK(inflated(written->written()) == text);
}

TEST_CASE("waiting knows of octets that are inflated already", "[net][deflate]") {
  Connected connected;
  const WakeFd wake;
  CHECK(connected.stream.wait_readable(at_once(), wake) == Stream::Wait::timed_out);
  send_all(connected.server, deflated("ab"));
  CHECK(connected.stream.wait_readable(soon(), wake) == Stream::Wait::readable);
  CHECK(read_text(connected.stream, 1) == "a");
  CHECK(connected.stream.wait_readable(at_once(), wake) == Stream::Wait::readable);
  wake.signal();
  CHECK(connected.stream.wait_readable(at_once(), wake) == Stream::Wait::woken);
  wake.clear();
  CHECK(read_text(connected.stream, 1) == "b");
  CHECK(connected.stream.wait_readable(at_once(), wake) == Stream::Wait::timed_out);
}

TEST_CASE("half of a compressed response is nothing to read yet", "[net][deflate]") {
  Connected connected;
  const WakeFd wake;
  const auto octets = deflated("* 172 EXISTS\r\n");
  send_all(connected.server, octets.substr(0, 1));
  CHECK(connected.stream.wait_readable(at_once(), wake) == Stream::Wait::timed_out);
  std::byte octet{};
  CHECK_THROWS_AS(connected.stream.read({&octet, 1}, at_once()), TimeoutError);
  send_all(connected.server, octets.substr(1));
  CHECK(read_text(connected.stream, 14) == "* 172 EXISTS\r\n");
}

TEST_CASE("a stream that is cut gives what came and ends", "[net][deflate]") {
  const auto text = listing();
  const auto octets = deflated(text);
  auto stream = serving(octets.substr(0, octets.size() / 2));
  const auto begin = all_of(stream);
  CHECK(begin.size() < text.size());
  CHECK(text.starts_with(begin));
  std::byte octet{};
  CHECK(stream.read({&octet, 1}, soon()) == 0);
  const WakeFd wake;
  CHECK(stream.wait_readable(soon(), wake) == Stream::Wait::readable);
}

TEST_CASE("compressed data that ends is the end, whatever follows", "[net][deflate]") {
  auto stream = serving(deflated_to_the_end("* BYE\r\n") + "garbage");
  CHECK(all_of(stream) == "* BYE\r\n");
  CHECK(stream.ended_cleanly());
}

TEST_CASE("what is not DEFLATE ends the connection", "[net][deflate]") {
  for (const std::string octets : {"\xff\xff\xff\xff", "A1 OK not compressed\r\n", "\x06"}) {
    auto stream = serving(octets + std::string(64, '\xff'));
    CHECK_THROWS_AS(all_of(stream), ProtocolError);
  }
}

TEST_CASE("random octets never give more than they may", "[net][deflate]") {
  unsigned x = 42;
  for (int round = 0; round < 500; ++round) {
    std::string octets;
    for (int i = 0; i < 200; ++i) octets += static_cast<char>((x = x * 69069 + 1) >> 24);
    auto stream = serving(octets, 3);
    try {
      const auto size = count_all(stream);
      CHECK(size <= kFloor + 1032 * octets.size());
    } catch (const ProtocolError&) {
    }
  }
}

TEST_CASE("a bomb is stopped, what is as large and honest is not", "[net][deflate]") {
  auto small = serving(deflated(std::string(kFloor, 'x')));
  CHECK(count_all(small) == kFloor);
  auto bomb = serving(deflated(std::string(kFloor + (1 << 20), 'x')));
  CHECK_THROWS_AS(count_all(bomb), ProtocolError);
  std::string text;
  while (text.size() <= kFloor + (1 << 20)) text += listing();
  auto honest = serving(deflated(text));
  CHECK(count_all(honest) == text.size());
}

TEST_CASE("empty blocks for ever are silence", "[net][deflate]") {
  const std::string empty("\0\0\0\xff\xff", 5);
  std::string octets;
  for (int i = 0; i < 100'000; ++i) octets += empty;
  auto stream = serving(octets, 5);
  std::byte octet{};
  CHECK_THROWS_AS(stream.read({&octet, 1}, Deadline::after(std::chrono::milliseconds(1))),
                  TimeoutError);
  const WakeFd wake;
  auto waiting = serving(octets, 5);
  CHECK(waiting.wait_readable(Deadline::after(std::chrono::milliseconds(1)), wake) ==
        Stream::Wait::timed_out);
}

TEST_CASE("a compressed stream says so, and what is below", "[net][deflate]") {
  auto stream = serving("");
  CHECK(stream.description() == "DEFLATE");
  CHECK_FALSE(stream.is_encrypted());
}
