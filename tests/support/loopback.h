#pragma once
/// TCP on this machine for tests: connected pairs, a port that refuses, a port that never answers.
/// Failures are std::system_error. Any thread.

#include "imap/base/unique_fd.h"
#include "imap/net/socket_address.h"
#include "imap/net/stream.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tests {

/// A port of 127.0.0.1 or ::1 with a server behind it.
class Listener {
 public:
  explicit Listener(int family = AF_INET, int backlog = 16);

  const imap::SocketAddress& address() const { return address_; }
  std::uint16_t port() const;
  /// The next connection; gives up after ten seconds.
  imap::UniqueFd accept() const;

 private:
  imap::SocketAddress address_;
  imap::UniqueFd socket_;
};

/// A port that refuses connections for as long as this lives: it is taken, but nobody listens.
class RefusingPort {
 public:
  RefusingPort();
  const imap::SocketAddress& address() const { return address_; }
  std::uint16_t port() const;

 private:
  imap::SocketAddress address_;
  imap::UniqueFd socket_;
};

/// A port on which connecting neither succeeds nor fails: its queue is full, and the system drops
/// what comes.
class SilentPort {
 public:
  SilentPort();
  const imap::SocketAddress& address() const { return listener_.address(); }
  std::uint16_t port() const { return listener_.port(); }

 private:
  Listener listener_;
  std::vector<imap::UniqueFd> queued_;
};

struct ConnectedPair {
  imap::UniqueFd client;
  imap::UniqueFd server;
};
ConnectedPair connected_pair();

/// Closes with a RST instead of a FIN.
void close_with_reset(imap::UniqueFd socket);

/// Blocking reads and writes on the server's side, given up after ten seconds.
void limit_waits(const imap::UniqueFd& socket);
std::string receive(const imap::UniqueFd& socket, std::size_t count);
void send_all(const imap::UniqueFd& socket, std::string_view text);

/// Text as the bytes that a stream takes.
std::span<const std::byte> bytes(std::string_view text);
/// Reads exactly `count` bytes, or up to the end of the stream.
std::string read_text(imap::Stream& stream, std::size_t count);

/// Long enough for whatever should happen, short enough to fail soon.
imap::Deadline soon();
/// For what should not happen.
imap::Deadline at_once();

}  // namespace tests
