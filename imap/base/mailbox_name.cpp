#include "imap/base/mailbox_name.h"

#include "imap/base/utf8.h"

#include <algorithm>
#include <cstdint>
#include <stdexcept>

namespace imap {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";

bool is_direct(char32_t character) {
  return character >= 0x20 && character <= 0x7E;
}

/// Writes one shifted run: UTF-16, big-endian, in base64 without padding.
class ShiftWriter {
 public:
  explicit ShiftWriter(std::string& out) : out_(out) { out_ += '&'; }

  void put(char32_t character) {
    if (character < 0x10000) {
      put_unit(character);
    } else {
      put_unit(0xD800U + ((character - 0x10000) >> 10U));
      put_unit(0xDC00U + (character & 0x3FFU));
    }
  }

  void finish() {
    if (bits_ > 0) out_ += kAlphabet[pending_ << (6U - bits_) & 0x3FU];
    out_ += '-';
  }

 private:
  void put_unit(std::uint32_t unit) {
    pending_ = pending_ << 16U | unit;
    bits_ += 16;
    while (bits_ >= 6) {
      bits_ -= 6;
      out_ += kAlphabet[pending_ >> bits_ & 0x3FU];
    }
    pending_ &= (1U << bits_) - 1;
  }

  std::string& out_;
  std::uint32_t pending_ = 0;
  unsigned bits_ = 0;  // INVARIANT: below 6 between calls
};

/// Appends the text of one shifted run, without its `&` and `-`. False when it is no UTF-16 in
/// base64. Left-over bits are not looked at.
bool append_shifted(std::string& text, std::string_view base64) {
  std::uint32_t pending = 0;
  unsigned bits = 0;
  std::uint32_t high = 0;
  for (const char c : base64) {
    const auto digit = kAlphabet.find(c);
    if (digit == std::string_view::npos) return false;
    pending = pending << 6U | static_cast<std::uint32_t>(digit);
    bits += 6;
    if (bits < 16) continue;
    bits -= 16;
    const auto unit = pending >> bits & 0xFFFFU;
    pending &= (1U << bits) - 1;
    const bool is_high = unit >= 0xD800 && unit <= 0xDBFF;
    const bool is_low = unit >= 0xDC00 && unit <= 0xDFFF;
    if (is_low != (high != 0)) return false;
    if (is_high) {
      high = unit;
    } else if (is_low) {
      append_utf8(text, 0x10000 + ((high - 0xD800) << 10U) + (unit - 0xDC00));
      high = 0;
    } else {
      append_utf8(text, unit);
    }
  }
  return high == 0;
}

}  // namespace

std::optional<std::string> decode_modified_utf7(std::string_view wire) {
  std::string text;
  auto rest = wire;
  while (!rest.empty()) {
    const auto shift = rest.find('&');
    const auto direct = rest.substr(0, shift);
    if (!std::ranges::all_of(direct,
                             [](char c) { return is_direct(static_cast<unsigned char>(c)); }))
      return std::nullopt;
    text += direct;
    if (shift == std::string_view::npos) break;
    rest.remove_prefix(shift + 1);
    const auto end = rest.find('-');
    if (end == std::string_view::npos) return std::nullopt;
    if (end == 0) {
      text += '&';
    } else if (!append_shifted(text, rest.substr(0, end))) {
      return std::nullopt;
    }
    rest.remove_prefix(end + 1);
  }
  // The remaining rules of the canonical form are the encoder's, so they need no second wording.
  if (encode_modified_utf7(text) != wire) return std::nullopt;
  return text;
}

std::string encode_modified_utf7(std::string_view utf8) {
  std::string wire;
  while (!utf8.empty()) {
    auto unit = first_utf8(utf8);
    if (unit.character && is_direct(*unit.character)) {
      wire += *unit.character == '&' ? std::string_view("&-") : utf8.substr(0, 1);
      utf8.remove_prefix(1);
      continue;
    }
    ShiftWriter shift(wire);
    for (; !utf8.empty(); unit = first_utf8(utf8)) {
      if (!unit.character) throw std::invalid_argument("a mailbox name must be valid UTF-8");
      if (is_direct(*unit.character)) break;
      shift.put(*unit.character);
      utf8.remove_prefix(unit.length);
    }
    shift.finish();
  }
  return wire;
}

bool is_inbox(std::string_view wire) {
  return std::ranges::equal(wire, std::string_view("INBOX"), {},
                            [](char c) { return c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c; });
}

}  // namespace imap
