#include "tests/support/deflate.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <stdexcept>

namespace tests {
namespace {

Bytef* as_bytef(std::string_view text) {
  return reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
}

}  // namespace

Deflater::Deflater() {
  if (deflateInit2(&zlib_, 9, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
    throw std::runtime_error("deflateInit2");
  }
}

std::string Deflater::operator()(std::string_view text, int flush) {
  std::string out(deflateBound(&zlib_, text.size()) + 64, '\0');
  zlib_.next_in = as_bytef(text);
  zlib_.avail_in = static_cast<uInt>(text.size());
  zlib_.next_out = as_bytef(out);
  zlib_.avail_out = static_cast<uInt>(out.size());
  deflate(&zlib_, flush);
  out.resize(out.size() - zlib_.avail_out);
  return out;
}

Inflater::Inflater() {
  if (inflateInit2(&zlib_, -15) != Z_OK) throw std::runtime_error("inflateInit2");
}

std::string Inflater::operator()(std::string_view octets) {
  zlib_.next_in = as_bytef(octets);
  zlib_.avail_in = static_cast<uInt>(octets.size());
  std::string text;
  std::array<char, 65536> piece{};
  int result = Z_OK;
  do {
    zlib_.next_out = reinterpret_cast<Bytef*>(piece.data());
    zlib_.avail_out = static_cast<uInt>(piece.size());
    result = inflate(&zlib_, Z_SYNC_FLUSH);
    text.append(piece.data(), piece.size() - zlib_.avail_out);
  } while (result == Z_OK && (zlib_.avail_in > 0 || zlib_.avail_out == 0));
  if (result != Z_OK && result != Z_BUF_ERROR && result != Z_STREAM_END) {
    throw std::runtime_error("the client sent what is not DEFLATE");
  }
  return text;
}

std::string deflated(std::string_view text) {
  return Deflater()(text);
}

std::string deflated_to_the_end(std::string_view text) {
  return Deflater()(text, Z_FINISH);
}

std::string inflated(std::string_view packed) {
  return Inflater()(packed);
}

std::size_t MemoryStream::read(std::span<std::byte> into, imap::Deadline) {
  const auto size = std::min({into.size(), piece_, octets_.size() - at_});
  if (size > 0) std::memcpy(into.data(), octets_.data() + at_, size);
  at_ += size;
  return size;
}

void MemoryStream::write(std::span<const std::byte> bytes, imap::Deadline) {
  written_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  ++writes_;
}

imap::Stream::Wait MemoryStream::wait_readable(imap::Deadline, const imap::WakeFd& wake) {
  return wake.is_signalled() ? Wait::woken : Wait::readable;
}

}  // namespace tests
