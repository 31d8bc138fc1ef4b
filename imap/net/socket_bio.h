#pragma once
/// The socket as OpenSSL sees it. OpenSSL's own socket BIO writes with write(2) and so raises
/// SIGPIPE when the server is gone; this one does not, never blocks, and keeps what happened on the
/// wire, which OpenSSL's error codes tell only in part and in each version differently. Owned by
/// one TlsStream and used on its thread.

#include "imap/base/unique_fd.h"
#include "imap/net/openssl.h"

#include <cstddef>
#include <optional>

namespace imap {

class SocketBio {
 public:
  explicit SocketBio(UniqueFd socket) : socket_(std::move(socket)) {}
  SocketBio(const SocketBio&) = delete;
  SocketBio& operator=(const SocketBio&) = delete;

  /// A BIO for SSL_set_bio. It refers to this object, which must outlive it.
  UniqueBio make_bio();

  int fd() const { return socket_.get(); }
  /// Whether the server closed its side of the socket.
  bool ended() const { return ended_; }
  /// The errno that the socket failed with; 0 when it did not.
  int error() const { return error_; }
  /// The very first byte that came: what the server speaks.
  std::optional<unsigned char> first_byte() const { return first_byte_; }

 private:
  static const BIO_METHOD* method();
  static int write(BIO* bio, const char* bytes, std::size_t size, std::size_t* sent) noexcept;
  static int read(BIO* bio, char* into, std::size_t size, std::size_t* got) noexcept;
  static long control(BIO* bio, int command, long number, void* pointer) noexcept;

  UniqueFd socket_;
  bool ended_ = false;
  int error_ = 0;
  std::optional<unsigned char> first_byte_;
};

}  // namespace imap
