#pragma once
/// A connected byte stream to the server. One thread owns and uses it for its whole life: OpenSSL
/// allows no two threads on one connection, not even one that reads and one that writes. Other
/// threads reach it through the abort and wake flags only.

#include "imap/base/deadline.h"
#include "imap/base/wake_fd.h"

#include <cstddef>
#include <optional>
#include <span>
#include <string>

namespace imap {

/// What ties a login to one TLS connection, so that nobody in between can pass it on (RFC 5056).
struct ChannelBinding {
  enum class Type { tls_unique, tls_exporter };
  Type type;
  std::string octets;
};

class Stream {
 public:
  enum class Wait { readable, woken, timed_out };

  Stream() = default;
  virtual ~Stream() = default;
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  /// Reads what is there, at least one byte; 0 at the end of the stream, then and ever after.
  /// `into` must not be empty. TimeoutError when nothing came until the deadline, and the stream
  /// can still be used; CancelledError on abort; ConnectionError when the connection is lost.
  virtual std::size_t read(std::span<std::byte> into, Deadline deadline) = 0;

  /// Writes all of `bytes`. The deadline is that of this call as a whole. After TimeoutError,
  /// CancelledError or ConnectionError some of them may have been sent: close the stream.
  virtual void write(std::span<const std::byte> bytes, Deadline deadline) = 0;

  /// Waits until read() would not wait: for data, the end of the stream or its loss (thrown by
  /// either). Data that a layer of the stream holds counts; what carries none, such as a TLS
  /// session ticket, does not. `wake` goes before data, so that a busy server cannot keep its owner
  /// from a job; it is not cleared here. CancelledError on abort.
  virtual Wait wait_readable(Deadline deadline, const WakeFd& wake) = 0;

  /// After read() returned 0: whether the peer said that this is the end. TLS without close_notify
  /// did not: the stream may have been cut by anybody on the way, so an unfinished response is
  /// lost. Many servers close like that, hence whether it matters is for the caller to know.
  virtual bool ended_cleanly() const = 0;

  /// For logs and `check`: the TLS version and cipher, such as "TLSv1.3 TLS_AES_256_GCM_SHA384".
  /// Empty when plain.
  virtual std::string description() const = 0;

  /// Whether what is sent is unreadable on the wire.
  virtual bool is_encrypted() const = 0;

  /// The binding data of the connection, if it is one that logins can be bound to.
  virtual std::optional<ChannelBinding> channel_binding() const { return std::nullopt; }
};

}  // namespace imap
