#pragma once
/// A stream over TLS, its server's certificate verified. Owned and used by one connection thread.

#include "imap/base/unique_fd.h"
#include "imap/net/certificate_check.h"
#include "imap/net/socket_bio.h"
#include "imap/net/stream.h"
#include "imap/net/tls_context.h"

#include <cstddef>
#include <memory>
#include <string>

namespace imap {

class TlsStream final : public Stream {
 public:
  /// Takes over a connected socket and makes it TLS; for STARTTLS, that of PlainStream::release().
  /// `host` is the name or IP address that the user configured, never one that a server sent.
  /// `abort` must outlive the stream; so need not `context`.
  ///
  /// TlsError when the certificate is not valid for `host`, saying why, or when the server speaks
  /// no TLS or none that is good enough; ConnectionError when it hangs up; TimeoutError at the
  /// deadline; CancelledError on abort.
  static std::unique_ptr<TlsStream> handshake(UniqueFd socket, const TlsContext& context,
                                              const std::string& host, Deadline deadline,
                                              const WakeFd& abort);
  /// Says goodbye (close_notify) if that is possible without waiting.
  ~TlsStream() override;

  std::size_t read(std::span<std::byte> into, Deadline deadline) override;
  void write(std::span<const std::byte> bytes, Deadline deadline) override;
  Wait wait_readable(Deadline deadline, const WakeFd& wake) override;
  bool ended_cleanly() const override { return state_ == State::ended; }
  std::string description() const override;
  bool is_encrypted() const override { return true; }
  /// tls-exporter with TLS 1.3 (RFC 9266). With TLS 1.2 tls-unique (RFC 5929), but only where both
  /// sides hash the handshake into the keys (RFC 7627): without that it is not unique.
  std::optional<ChannelBinding> channel_binding() const override;

 private:
  /// Where the incoming side is: `ended` by close_notify, `cut` by an EOF without it, `failed` by
  /// anything else.
  enum class State { open, ended, cut, failed };

  TlsStream(UniqueFd socket, const TlsContext& context, const std::string& host,
            const WakeFd& abort);

  void connect(Deadline deadline);
  bool has_ended() const { return state_ == State::ended || state_ == State::cut; }
  /// After an OpenSSL call that did not succeed: the events to poll for before it is repeated, or 0
  /// when the stream has ended. Throws when it has failed.
  short events_wanted(int result, const char* doing);
  [[noreturn]] void throw_failed_handshake() const;
  [[noreturn]] void throw_lost(const char* doing, const std::string& reason) const;

  const std::string host_;
  const WakeFd& abort_;
  SocketBio socket_;
  UniqueSsl ssl_;
  CertificateCheck certificate_;
  State state_ = State::open;
};

}  // namespace imap
