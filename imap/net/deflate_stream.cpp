#include "imap/net/deflate_stream.h"

#include "imap/base/errors.h"

#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <new>

namespace imap {
namespace {

constexpr std::size_t kPiece = std::size_t{16} << 10;
/// What a server may send before the ratio counts: an attachment of zeros compresses almost as well
/// as DEFLATE can, which is 1032:1. Nothing of this size is ever held.
constexpr std::uint64_t kFloor = std::uint64_t{64} << 20;
constexpr std::uint64_t kMostRatio = 1000;

/// Neither side writes a zlib header (RFC 4978 section 4), which zlib is told by a negative window.
constexpr int kRawWindow = -15;
constexpr int kMemory = 8;

Bytef* as_bytef(const std::byte* bytes) {
  return reinterpret_cast<Bytef*>(const_cast<std::byte*>(bytes));
}

}  // namespace

/// The two zlib states, each ended once.
struct DeflateStream::Codec {
  z_stream in{};
  z_stream out{};

  Codec() {
    if (inflateInit2(&in, kRawWindow) != Z_OK) throw std::bad_alloc();
    if (deflateInit2(&out, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kRawWindow, kMemory,
                     Z_DEFAULT_STRATEGY) != Z_OK) {
      inflateEnd(&in);
      throw std::bad_alloc();
    }
  }
  ~Codec() {
    inflateEnd(&in);
    deflateEnd(&out);
  }
  Codec(const Codec&) = delete;
  Codec& operator=(const Codec&) = delete;
};

DeflateStream::DeflateStream(std::unique_ptr<Stream> inner, std::span<const std::byte> already)
    : inner_(std::move(inner)),
      codec_(std::make_unique<Codec>()),
      compressed_(std::max(kPiece, already.size())),
      plain_(4 * kPiece) {
  std::ranges::copy(already, compressed_.begin());
  input_ = std::span<const std::byte>(compressed_).first(already.size());
}

DeflateStream::~DeflateStream() = default;

bool DeflateStream::inflate_some() {
  if (finished_ || (input_.empty() && !more_inside_)) return false;
  auto& zlib = codec_->in;
  zlib.next_in = as_bytef(input_.data());
  zlib.avail_in = static_cast<uInt>(input_.size());
  zlib.next_out = as_bytef(plain_.data());
  zlib.avail_out = static_cast<uInt>(plain_.size());
  const int result = inflate(&zlib, Z_SYNC_FLUSH);
  const auto used = input_.size() - zlib.avail_in;
  const auto got = plain_.size() - zlib.avail_out;
  input_ = input_.subspan(used);
  more_inside_ = zlib.avail_out == 0;
  taken_ += used;
  given_ += got;
  if (result == Z_MEM_ERROR) throw std::bad_alloc();
  // Z_BUF_ERROR says that there was nothing to do, and nothing else.
  if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR) {
    throw ProtocolError("the server sent what is not compressed data");
  }
  if (given_ > kFloor && given_ / kMostRatio > taken_) {
    throw ProtocolError("the server sent data that grows more than a thousandfold");
  }
  if (result == Z_STREAM_END) finished_ = true;
  output_ = std::span<const std::byte>(plain_).first(got);
  return got > 0;
}

void DeflateStream::refill(Deadline deadline) {
  const auto got = inner_->read(compressed_, deadline);
  input_ = std::span<const std::byte>(compressed_).first(got);
  if (got == 0) ended_ = true;
}

std::size_t DeflateStream::read(std::span<std::byte> into, Deadline deadline) {
  while (output_.empty()) {
    if (inflate_some()) break;
    if (finished_ || ended_) return 0;
    if (!input_.empty()) continue;
    refill(deadline);
    // Empty blocks are data for the stream below, and none here: they may come for ever.
    if (!ended_ && deadline.expired() && !inflate_some()) {
      throw TimeoutError("the server sent nothing in time");
    }
  }
  const auto size = std::min(into.size(), output_.size());
  std::memcpy(into.data(), output_.data(), size);
  output_ = output_.subspan(size);
  return size;
}

void DeflateStream::write(std::span<const std::byte> bytes, Deadline deadline) {
  auto& zlib = codec_->out;
  std::vector<std::byte> packed(kPiece);
  while (!bytes.empty()) {
    const auto part = bytes.first(std::min<std::size_t>(bytes.size(), kPiece * kPiece));
    bytes = bytes.subspan(part.size());
    zlib.next_in = as_bytef(part.data());
    zlib.avail_in = static_cast<uInt>(part.size());
    do {
      zlib.next_out = as_bytef(packed.data());
      zlib.avail_out = static_cast<uInt>(packed.size());
      // Without the flush the end of a command would stay here, and the server wait for it.
      deflate(&zlib, bytes.empty() ? Z_SYNC_FLUSH : Z_NO_FLUSH);
      const auto got = packed.size() - zlib.avail_out;
      if (got > 0) inner_->write(std::span<const std::byte>(packed).first(got), deadline);
    } while (zlib.avail_out == 0);
  }
}

Stream::Wait DeflateStream::wait_readable(Deadline deadline, const WakeFd& wake) {
  while (true) {
    if (wake.is_signalled()) return Wait::woken;
    if (!output_.empty() || inflate_some() || finished_ || ended_) return Wait::readable;
    if (!input_.empty()) continue;
    const auto outcome = inner_->wait_readable(deadline, wake);
    if (outcome != Wait::readable) return outcome;
    refill(deadline);
    if (!ended_ && deadline.expired() && !inflate_some()) return Wait::timed_out;
  }
}

bool DeflateStream::ended_cleanly() const {
  return finished_ || inner_->ended_cleanly();
}

std::string DeflateStream::description() const {
  const auto below = inner_->description();
  return below.empty() ? "DEFLATE" : below + ", DEFLATE";
}

}  // namespace imap
