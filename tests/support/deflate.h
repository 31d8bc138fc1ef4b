#pragma once
/// The server's side of compression, and a stream that serves octets from memory. Any one thread.

#include "imap/net/stream.h"

#include <zlib.h>

#include <string>
#include <string_view>

namespace tests {

/// One direction of a connection: all that it was given is one stream of raw DEFLATE.
class Deflater {
 public:
  Deflater();
  ~Deflater() { deflateEnd(&zlib_); }
  Deflater(const Deflater&) = delete;
  Deflater& operator=(const Deflater&) = delete;
  /// `text` compressed and flushed.
  std::string operator()(std::string_view text, int flush = Z_SYNC_FLUSH);

 private:
  z_stream zlib_{};
};

class Inflater {
 public:
  Inflater();
  ~Inflater() { inflateEnd(&zlib_); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  /// Throws std::runtime_error when the octets are something else.
  std::string operator()(std::string_view octets);

 private:
  z_stream zlib_{};
};

/// Raw DEFLATE of `text`, ended by an empty block as a flush does.
std::string deflated(std::string_view text);
/// The same for a block that is the last one of its stream.
std::string deflated_to_the_end(std::string_view text);
std::string inflated(std::string_view packed);

/// Gives octets in pieces of at most `piece`, then the end of the stream; keeps what is written.
class MemoryStream final : public imap::Stream {
 public:
  explicit MemoryStream(std::string octets, std::size_t piece = 65536)
      : octets_(std::move(octets)), piece_(piece) {}

  std::size_t read(std::span<std::byte> into, imap::Deadline deadline) override;
  void write(std::span<const std::byte> bytes, imap::Deadline deadline) override;
  Wait wait_readable(imap::Deadline deadline, const imap::WakeFd& wake) override;
  bool ended_cleanly() const override { return true; }
  std::string description() const override { return {}; }
  bool is_encrypted() const override { return false; }

  const std::string& written() const { return written_; }
  std::size_t writes() const { return writes_; }

 private:
  std::string octets_;
  std::size_t piece_;
  std::size_t at_ = 0;
  std::string written_;
  std::size_t writes_ = 0;
};

}  // namespace tests
