#pragma once
/// A stream that compresses what goes through another one (RFC 4978): every write is flushed, so
/// that the server can read it at once. Begins where COMPRESS was accepted. Owned and used by one
/// connection thread.

#include "imap/net/stream.h"

#include <cstdint>
#include <memory>
#include <vector>

namespace imap {

class DeflateStream final : public Stream {
 public:
  /// Takes over `inner`. `already` is what was read from it behind the answer to COMPRESS: it is
  /// compressed. Throws std::bad_alloc.
  DeflateStream(std::unique_ptr<Stream> inner, std::span<const std::byte> already);
  ~DeflateStream() override;

  /// As Stream says. ProtocolError for what is not DEFLATE, and for a stream that grows more than a
  /// thousandfold: an honest server's does not, and none of it would fit anywhere.
  std::size_t read(std::span<std::byte> into, Deadline deadline) override;
  void write(std::span<const std::byte> bytes, Deadline deadline) override;
  Wait wait_readable(Deadline deadline, const WakeFd& wake) override;
  /// A server that ends the compressed data itself has said that this is the end.
  bool ended_cleanly() const override;
  std::string description() const override;
  bool is_encrypted() const override { return inner_->is_encrypted(); }

 private:
  struct Codec;

  /// Inflates what has been read and gives something. False when more has to be read.
  bool inflate_some();
  /// Reads compressed octets; the end of the stream ends this one.
  void refill(Deadline deadline);

  std::unique_ptr<Stream> inner_;
  std::unique_ptr<Codec> codec_;
  std::vector<std::byte> compressed_;
  std::span<const std::byte> input_;  // the part of compressed_ that is unread
  std::vector<std::byte> plain_;
  std::span<const std::byte> output_;  // the part of plain_ that nobody has read
  std::uint64_t taken_ = 0;            // octets inflated, before and
  std::uint64_t given_ = 0;            // after
  bool more_inside_ = false;           // the inflater may give more without input
  bool finished_ = false;              // the compressed data has ended
  bool ended_ = false;
};

}  // namespace imap
