#pragma once
/// How numbers and text become keys and rows. Keys are big-endian, so that LMDB's byte order is
/// numeric order. Rows begin with a version octet; numbers in them are as short as their value
/// (seven bits an octet). Reading checks every bound: damaged bytes throw CorruptError.

#include "cache/errors.h"

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>
#include <vector>

namespace cache {

using Bytes = std::span<const std::byte>;

inline Bytes bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

/// The key made of these numbers, the first being the most significant.
template <std::unsigned_integral... Numbers>
auto key_of(Numbers... numbers) {
  std::array<std::byte, (sizeof(Numbers) + ...)> key{};
  std::size_t at = 0;
  const auto append = [&](auto number) {
    for (std::size_t left = sizeof(number); left > 0; --left) {
      key[at++] = static_cast<std::byte>((std::uint64_t{number} >> (8 * (left - 1))) & 0xFF);
    }
  };
  (append(numbers), ...);
  return key;
}

/// The number that stands in a key at `offset`.
template <std::unsigned_integral Number>
Number number_at(Bytes key, std::size_t offset = 0) {
  if (key.size() < offset || key.size() - offset < sizeof(Number)) {
    throw CorruptError("a key is too short");
  }
  std::uint64_t number = 0;
  for (const auto octet : key.subspan(offset, sizeof(Number))) {
    number = number << 8 | std::to_integer<std::uint64_t>(octet);
  }
  return static_cast<Number>(number);
}

class RowWriter {
 public:
  explicit RowWriter(std::uint8_t version) { row_.push_back(std::byte{version}); }

  void number(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) {
      row_.push_back(static_cast<std::byte>(value & 0x7F) | std::byte{0x80});
    }
    row_.push_back(static_cast<std::byte>(value));
  }
  /// For numbers that may be negative: small ones of either sign stay short.
  void signed_number(std::int64_t value) {
    const auto bits = static_cast<std::uint64_t>(value);
    number(value < 0 ? ~(bits << 1) : bits << 1);
  }
  void flag(bool value) { number(value ? 1 : 0); }
  void text(std::string_view value) {
    number(value.size());
    const auto octets = bytes_of(value);
    row_.insert(row_.end(), octets.begin(), octets.end());
  }

  Bytes bytes() const { return row_; }

 private:
  std::vector<std::byte> row_;
};

/// Reads a row in the order in which it was written. Text is a view into the row.
class RowReader {
 public:
  RowReader(Bytes row, std::uint8_t version) : left_(row) {
    if (octet() != version) throw CorruptError("a row has an unknown version");
  }

  template <std::unsigned_integral Number = std::uint64_t>
  Number number() {
    std::uint64_t value = 0;
    for (unsigned shift = 0;; shift += 7) {
      const std::uint64_t next = octet();
      const auto bits = next & 0x7F;
      if (shift > 63 || (bits << shift) >> shift != bits) {
        throw CorruptError("a number in a row is too large");
      }
      value |= bits << shift;
      if (next < 0x80) break;
    }
    if (value > std::numeric_limits<Number>::max()) {
      throw CorruptError("a number in a row is too large");
    }
    return static_cast<Number>(value);
  }
  std::int64_t signed_number() {
    const auto bits = number();
    return static_cast<std::int64_t>((bits & 1) != 0 ? ~(bits >> 1) : bits >> 1);
  }
  bool flag() {
    const auto value = number();
    if (value > 1) throw CorruptError("a flag in a row is neither set nor unset");
    return value == 1;
  }
  std::string_view text() {
    const auto size = number<std::size_t>();
    if (size > left_.size()) throw CorruptError("a text in a row is cut off");
    const auto octets = left_.first(size);
    left_ = left_.subspan(size);
    return {reinterpret_cast<const char*>(octets.data()), size};
  }
  /// A count of elements that follow, each of at least one octet: never more than can be there.
  std::size_t count() {
    const auto value = number<std::size_t>();
    if (value > left_.size()) throw CorruptError("a list in a row is cut off");
    return value;
  }
  /// Call last: bytes that nobody reads are damage as well.
  void end() const {
    if (!left_.empty()) throw CorruptError("a row has bytes behind its end");
  }

 private:
  std::uint8_t octet() {
    if (left_.empty()) throw CorruptError("a row is cut off");
    const auto value = std::to_integer<std::uint8_t>(left_.front());
    left_ = left_.subspan(1);
    return value;
  }

  Bytes left_;
};

}  // namespace cache
