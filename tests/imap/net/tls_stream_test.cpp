#include "imap/net/tls_stream.h"

#include "imap/base/errors.h"
#include "tests/support/catch.h"
#include "tests/support/tls_server.h"

#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>

using namespace imap;
using namespace tests;

namespace {

/// A TLS stream and the server that it is connected to, which runs `script`.
struct Connection {
  explicit Connection(TlsServer::Script script, int newest = TLS1_3_VERSION)
      : server(issue({}, ca), std::move(script), newest),
        stream(TlsStream::handshake(server.take_client(), context, "imap.example.com", soon(),
                                    abort)) {}

  Identity ca = authority();
  TemporaryFile ca_file{pem(ca)};
  TlsContext context{TlsSettings{ca_file.path()}};
  WakeFd abort;
  WakeFd wake;
  TlsServer server;
  std::unique_ptr<TlsStream> stream;
};

void wait_for_close(TlsPeer& peer) {
  peer.wait_for_close();
}

/// Holds the server's script until the test lets it go on.
struct Gate {
  std::promise<void> opened;
  std::shared_future<void> passable = opened.get_future().share();
  void open() { opened.set_value(); }
  void pass() const { passable.wait_until(soon().at()); }
};

const std::string kLarge(8 << 20, 'x');

}  // namespace

TEST_CASE("encrypted text goes both ways", "[net][tls]") {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    std::string received;
    Connection connection(
        [&](TlsPeer& peer) {
          received = peer.read(9);
          peer.write("a1 OK\r\n");
        },
        version);
    connection.stream->write(bytes("a1 NOOP\r\n"), soon());
    CHECK(read_text(*connection.stream, 7) == "a1 OK\r\n");
    CHECK(connection.server.finish() == "");
    CHECK(received == "a1 NOOP\r\n");
  }
}

TEST_CASE("a large encrypted write reaches a slow reader complete", "[net][tls]") {
  std::string received;
  Connection connection([&](TlsPeer& peer) { received = peer.read(kLarge.size()); });
  connection.stream->write(bytes(kLarge), soon());
  CHECK(connection.server.finish() == "");
  CHECK(received == kLarge);
}

TEST_CASE("a large encrypted read is complete", "[net][tls]") {
  Connection connection([](TlsPeer& peer) { peer.write(kLarge); });
  CHECK(read_text(*connection.stream, kLarge.size()) == kLarge);
}

TEST_CASE("an encrypted read of a silent server ends at the deadline and may be repeated",
          "[net][tls]") {
  Gate gate;
  Connection connection([&](TlsPeer& peer) {
    gate.pass();
    peer.write("late");
  });
  std::byte byte{};
  CHECK_THROWS_AS(connection.stream->read({&byte, 1}, at_once()), TimeoutError);
  gate.open();
  CHECK(read_text(*connection.stream, 4) == "late");
}

TEST_CASE("an encrypted write to a server that reads nothing ends at the deadline", "[net][tls]") {
  Gate gate;
  Connection connection([&](TlsPeer&) { gate.pass(); });
  CHECK_THROWS_AS(connection.stream->write(bytes(kLarge), at_once()), TimeoutError);
  gate.open();
}

TEST_CASE("an abort ends an encrypted read", "[net][tls]") {
  Connection connection(wait_for_close);
  const std::jthread other([&] { connection.abort.signal(); });
  CHECK_THROWS_AS(read_text(*connection.stream, 1), CancelledError);
}

TEST_CASE("an abort outruns data that is already there", "[net][tls]") {
  Connection connection([](TlsPeer& peer) {
    peer.write("ab");
    peer.wait_for_close();
  });
  CHECK(read_text(*connection.stream, 1) == "a");
  connection.abort.signal();
  CHECK_THROWS_AS(read_text(*connection.stream, 1), CancelledError);
  CHECK_THROWS_AS(connection.stream->wait_readable(soon(), connection.wake), CancelledError);
  CHECK_THROWS_AS(connection.stream->write(bytes("x"), soon()), CancelledError);
}

TEST_CASE("an abort ends an encrypted write under way", "[net][tls]") {
  Gate gate;
  Connection connection([&](TlsPeer& peer) {
    peer.read(1);  // the write has begun
    connection.abort.signal();
    gate.pass();
  });
  CHECK_THROWS_AS(connection.stream->write(bytes(kLarge), soon()), CancelledError);
  gate.open();
}

TEST_CASE("an abort ends an encrypted wait", "[net][tls]") {
  Connection connection(wait_for_close);
  const std::jthread other([&] { connection.abort.signal(); });
  CHECK_THROWS_AS(connection.stream->wait_readable(soon(), connection.wake), CancelledError);
}

TEST_CASE("close_notify is a clean end", "[net][tls]") {
  Connection connection([](TlsPeer& peer) {
    peer.write("* BYE\r\n");
    peer.close_notify();
  });
  CHECK(read_text(*connection.stream, 100) == "* BYE\r\n");
  CHECK(connection.stream->ended_cleanly());
  CHECK(connection.stream->wait_readable(soon(), connection.wake) == Stream::Wait::readable);
  CHECK(read_text(*connection.stream, 1).empty());
}

TEST_CASE("an end without close_notify may have been cut by anybody", "[net][tls]") {
  Connection connection([](TlsPeer& peer) {
    peer.write("* BYE\r\n");
    peer.hang_up();
  });
  CHECK(read_text(*connection.stream, 100) == "* BYE\r\n");
  CHECK_FALSE(connection.stream->ended_cleanly());
  CHECK(connection.stream->wait_readable(soon(), connection.wake) == Stream::Wait::readable);
  CHECK(read_text(*connection.stream, 1).empty());
  CHECK_THROWS_AS(connection.stream->write(bytes("x"), soon()), ConnectionError);
}

TEST_CASE("a wait sees the end of the stream", "[net][tls]") {
  Connection connection([](TlsPeer& peer) { peer.hang_up(); });
  CHECK(connection.stream->wait_readable(soon(), connection.wake) == Stream::Wait::readable);
  CHECK(read_text(*connection.stream, 1).empty());
}

TEST_CASE("a reset of an encrypted connection is its loss", "[net][tls]") {
  Connection connection([](TlsPeer& peer) { peer.reset(); });
  CHECK(connection.server.finish() == "");
  CHECK_THROWS_WITH(read_text(*connection.stream, 1),
                    "connection lost while reading: Connection reset by peer");
  CHECK_THROWS_AS(read_text(*connection.stream, 1), ConnectionError);
  CHECK_THROWS_AS(connection.stream->write(bytes("x"), soon()), ConnectionError);
}

TEST_CASE("an encrypted write to a server that is gone is an error, not a signal", "[net][tls]") {
  Connection connection([](TlsPeer& peer) { peer.reset(); });
  CHECK(connection.server.finish() == "");
  CHECK_THROWS_AS(connection.stream->write(bytes(kLarge), soon()), ConnectionError);
}

TEST_CASE("bytes that are not of TLS end the connection", "[net][tls]") {
  Connection connection([](TlsPeer& peer) {
    send_all(peer.socket(), "* OK injected in plain text\r\n");
    peer.read(1);
  });
  CHECK_THROWS_AS(read_text(*connection.stream, 1), ConnectionError);
  CHECK_FALSE(connection.stream->ended_cleanly());
}

TEST_CASE("a wait sees data that TLS holds while the socket is empty", "[net][tls]") {
  Gate written;
  Connection connection([&](TlsPeer& peer) {
    peer.write("first");
    peer.write("second");
    written.open();
    peer.wait_for_close();
  });
  // Both records come in with one read of the socket.
  written.pass();
  CHECK(read_text(*connection.stream, 1) == "f");
  CHECK(connection.stream->wait_readable(at_once(), connection.wake) == Stream::Wait::readable);
  CHECK(read_text(*connection.stream, 4) == "irst");
  CHECK(connection.stream->wait_readable(at_once(), connection.wake) == Stream::Wait::readable);
  CHECK(read_text(*connection.stream, 6) == "second");
  CHECK(connection.stream->wait_readable(at_once(), connection.wake) == Stream::Wait::timed_out);
}

TEST_CASE("session tickets are not data", "[net][tls]") {
  // A TLS 1.3 server sends them right after the handshake.
  Connection connection(wait_for_close);
  CHECK(connection.stream->wait_readable(at_once(), connection.wake) == Stream::Wait::timed_out);
}

TEST_CASE("half a record is not data", "[net][tls]") {
  Connection connection([](TlsPeer& peer) {
    send_all(peer.socket(), std::string("\x17\x03\x03\x01\x00"
                                        "half",
                                        9));
    peer.wait_for_close();
  });
  CHECK(connection.stream->wait_readable(at_once(), connection.wake) == Stream::Wait::timed_out);
}

TEST_CASE("a wake goes before data in an encrypted wait", "[net][tls]") {
  Connection connection([](TlsPeer& peer) {
    peer.write("x");
    peer.wait_for_close();
  });
  connection.wake.signal();
  CHECK(connection.stream->wait_readable(soon(), connection.wake) == Stream::Wait::woken);
  connection.wake.clear();
  CHECK(connection.stream->wait_readable(soon(), connection.wake) == Stream::Wait::readable);
}

TEST_CASE("a wake from another thread ends an encrypted wait", "[net][tls]") {
  Connection connection(wait_for_close);
  const std::jthread other([&] { connection.wake.signal(); });
  CHECK(connection.stream->wait_readable(soon(), connection.wake) == Stream::Wait::woken);
}

TEST_CASE("destroying the stream says goodbye to the server", "[net][tls]") {
  Connection connection(wait_for_close);
  connection.stream.reset();
  CHECK(connection.server.finish() == "");
}
