#pragma once
/// A TLS server on a thread of its own at the other end of one loopback connection. The test says
/// what it does; what it saw is read after `finish`.

#include "imap/base/synchronized.h"
#include "imap/base/unique_fd.h"
#include "imap/net/openssl.h"
#include "tests/support/certificates.h"
#include "tests/support/loopback.h"

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <thread>

namespace tests {

/// The server's end after its handshake. Blocking, each wait at most ten seconds; failures are
/// std::runtime_error and end the script.
class TlsPeer {
 public:
  TlsPeer(SSL* ssl, imap::UniqueFd& socket) : ssl_(ssl), socket_(socket) {}

  /// Up to the end of the stream when that comes first.
  std::string read(std::size_t count);
  void write(std::string_view text);
  /// Says that nothing more will be written.
  void close_notify();
  /// Closes the socket, with a FIN, with nothing said in TLS.
  void hang_up();
  void reset();
  /// The name that the client asked for by SNI, or empty.
  std::string requested_name() const;
  /// The channel binding data of the connection: tls-exporter, or tls-unique before TLS 1.3.
  std::string binding() const;
  /// Waits for the client to close.
  void wait_for_close();
  const imap::UniqueFd& socket() const { return socket_; }

 private:
  SSL* ssl_;
  imap::UniqueFd& socket_;
};

class TlsServer {
 public:
  using Script = std::function<void(TlsPeer&)>;

  /// Starts at once. `newest` is the newest protocol version that it speaks.
  explicit TlsServer(const Identity& identity, Script script = {}, int newest = TLS1_3_VERSION);
  ~TlsServer();
  TlsServer(const TlsServer&) = delete;
  TlsServer& operator=(const TlsServer&) = delete;

  /// The client's end; once.
  imap::UniqueFd take_client() { return std::move(client_); }
  /// Waits for the script to end and returns what it failed with, or "".
  std::string finish();

 private:
  void serve(const Script& script);

  imap::UniqueSslContext context_;
  imap::UniqueFd client_;
  imap::UniqueFd server_;
  imap::Synchronized<std::string> failure_;
  std::thread thread_;
};

}  // namespace tests
