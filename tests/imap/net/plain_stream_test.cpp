#include "imap/net/plain_stream.h"

#include "imap/base/errors.h"
#include "tests/support/catch.h"
#include "tests/support/loopback.h"

#include <string>
#include <thread>

using namespace imap;
using namespace tests;

namespace {

/// A plain stream and the bare socket of its server.
struct Connection {
  WakeFd abort;
  ConnectedPair pair = connected_pair();
  PlainStream stream{std::move(pair.client), abort};
  UniqueFd server = std::move(pair.server);
};

const std::string kLarge(8 << 20, 'x');

}  // namespace

TEST_CASE("plain text goes both ways", "[net][plain]") {
  Connection connection;
  connection.stream.write(bytes("a1 NOOP\r\n"), soon());
  CHECK(receive(connection.server, 9) == "a1 NOOP\r\n");
  send_all(connection.server, "a1 OK\r\n");
  CHECK(read_text(connection.stream, 7) == "a1 OK\r\n");
  CHECK_FALSE(connection.stream.is_encrypted());
  CHECK(connection.stream.description().empty());
}

TEST_CASE("a large plain write reaches a slow reader complete", "[net][plain]") {
  Connection connection;
  std::string received;
  {
    const std::jthread reader([&] { received = receive(connection.server, kLarge.size()); });
    connection.stream.write(bytes(kLarge), soon());
  }
  CHECK(received == kLarge);
}

TEST_CASE("a plain read of a silent server ends at the deadline and may be repeated",
          "[net][plain]") {
  Connection connection;
  std::byte byte{};
  CHECK_THROWS_AS(connection.stream.read({&byte, 1}, at_once()), TimeoutError);
  send_all(connection.server, "late");
  CHECK(read_text(connection.stream, 4) == "late");
}

TEST_CASE("a plain write to a server that reads nothing ends at the deadline", "[net][plain]") {
  Connection connection;
  CHECK_THROWS_AS(connection.stream.write(bytes(kLarge), at_once()), TimeoutError);
}

TEST_CASE("an abort ends a plain read", "[net][plain]") {
  Connection connection;
  const std::jthread other([&] { connection.abort.signal(); });
  CHECK_THROWS_AS(read_text(connection.stream, 1), CancelledError);
  send_all(connection.server, "not read any more");
  CHECK_THROWS_AS(read_text(connection.stream, 1), CancelledError);
}

TEST_CASE("an abort ends a plain write under way", "[net][plain]") {
  Connection connection;
  const std::jthread other([&] {
    receive(connection.server, 1);  // the write has begun
    connection.abort.signal();
  });
  CHECK_THROWS_AS(connection.stream.write(bytes(kLarge), soon()), CancelledError);
}

TEST_CASE("an abort ends a plain wait", "[net][plain]") {
  Connection connection;
  const WakeFd wake;
  const std::jthread other([&] { connection.abort.signal(); });
  CHECK_THROWS_AS(connection.stream.wait_readable(soon(), wake), CancelledError);
}

TEST_CASE("the server's FIN is a clean end, also when read again", "[net][plain]") {
  Connection connection;
  send_all(connection.server, "* BYE\r\n");
  connection.server.reset();
  const WakeFd wake;
  CHECK(read_text(connection.stream, 100) == "* BYE\r\n");
  CHECK(connection.stream.ended_cleanly());
  CHECK(connection.stream.wait_readable(soon(), wake) == Stream::Wait::readable);
  CHECK(read_text(connection.stream, 1).empty());
}

TEST_CASE("a reset is a lost connection", "[net][plain]") {
  Connection connection;
  close_with_reset(std::move(connection.server));
  CHECK_THROWS_WITH(read_text(connection.stream, 1),
                    "connection lost while reading: Connection reset by peer");
}

TEST_CASE("writing to a server that is gone is a lost connection, not a signal", "[net][plain]") {
  Connection connection;
  close_with_reset(std::move(connection.server));
  CHECK_THROWS_AS(connection.stream.write(bytes("first"), soon()), ConnectionError);
  CHECK_THROWS_AS(connection.stream.write(bytes("second"), soon()), ConnectionError);
}

TEST_CASE("a plain wait tells data, a wake and the deadline apart", "[net][plain]") {
  Connection connection;
  const WakeFd wake;
  CHECK(connection.stream.wait_readable(at_once(), wake) == Stream::Wait::timed_out);
  send_all(connection.server, "x");
  CHECK(connection.stream.wait_readable(soon(), wake) == Stream::Wait::readable);
  wake.signal();
  CHECK(connection.stream.wait_readable(soon(), wake) == Stream::Wait::woken);
  wake.clear();
  CHECK(connection.stream.wait_readable(soon(), wake) == Stream::Wait::readable);
}

TEST_CASE("what was not read stays in the socket that a plain stream gives up", "[net][plain]") {
  Connection connection;
  send_all(connection.server, "a OK\r\nmore");
  CHECK(read_text(connection.stream, 6) == "a OK\r\n");
  const auto socket = connection.stream.release();
  CHECK(receive(socket, 4) == "more");
}
