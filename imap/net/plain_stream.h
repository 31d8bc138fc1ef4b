#pragma once
/// A stream over a bare socket: before STARTTLS, and for servers on this very machine. Owned and
/// used by one connection thread.

#include "imap/base/unique_fd.h"
#include "imap/net/stream.h"

namespace imap {

class PlainStream final : public Stream {
 public:
  /// Takes over a connected stream socket. Signalling `abort`, which must outlive the stream, ends
  /// the call in progress and every later one with CancelledError.
  PlainStream(UniqueFd socket, const WakeFd& abort) : socket_(std::move(socket)), abort_(abort) {}

  std::size_t read(std::span<std::byte> into, Deadline deadline) override;
  void write(std::span<const std::byte> bytes, Deadline deadline) override;
  Wait wait_readable(Deadline deadline, const WakeFd& wake) override;
  bool ended_cleanly() const override { return ended_; }
  std::string description() const override { return {}; }
  bool is_encrypted() const override { return false; }

  /// Gives up the socket, for TLS to take over (STARTTLS). The stream holds no bytes back: what the
  /// caller has not read is still in the socket, where TLS will not mistake it for data. The stream
  /// can only be destroyed afterwards.
  UniqueFd release() { return std::move(socket_); }

 private:
  UniqueFd socket_;
  const WakeFd& abort_;
  bool ended_ = false;
};

}  // namespace imap
