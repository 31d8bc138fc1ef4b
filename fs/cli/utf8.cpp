#include "fs/cli/utf8.h"

#include <array>

namespace fs {
namespace {

unsigned byte_at(std::string_view text, std::size_t index) {
  return static_cast<unsigned char>(text[index]);
}

std::size_t length_from_lead(unsigned lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return 2;
  if (lead >= 0xE0 && lead <= 0xEF) return 3;
  if (lead >= 0xF0 && lead <= 0xF4) return 4;
  return 0;
}

template <class Predicate>
bool holds_for_all_characters(std::string_view text, Predicate predicate) {
  while (!text.empty()) {
    const auto character = first_character(text);
    if (!character || !predicate(character->code)) return false;
    text.remove_prefix(character->length);
  }
  return true;
}

}  // namespace

std::optional<Utf8Character> first_character(std::string_view text) {
  if (text.empty()) return std::nullopt;
  const auto lead = byte_at(text, 0);
  const auto length = length_from_lead(lead);
  if (length == 0 || text.size() < length) return std::nullopt;
  if (length == 1) return Utf8Character{lead, 1};

  char32_t code = lead & (0x7FU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    const auto byte = byte_at(text, i);
    if ((byte & 0xC0U) != 0x80U) return std::nullopt;
    code = (code << 6U) | (byte & 0x3FU);
  }
  constexpr std::array<char32_t, 5> kSmallest{0, 0, 0x80, 0x800, 0x10000};
  const bool is_surrogate = code >= 0xD800 && code <= 0xDFFF;
  if (code < kSmallest.at(length) || code > 0x10FFFF || is_surrogate) return std::nullopt;
  return Utf8Character{code, length};
}

bool is_utf8(std::string_view text) {
  return holds_for_all_characters(text, [](char32_t) { return true; });
}

bool is_control(char32_t code) {
  return code < 0x20 || (code >= 0x7F && code <= 0x9F) || code == 0x2028 || code == 0x2029;
}

bool is_bidi_control(char32_t code) {
  return code == 0x061C || code == 0x200E || code == 0x200F || (code >= 0x202A && code <= 0x202E) ||
         (code >= 0x2066 && code <= 0x2069);
}

bool is_plain_text(std::string_view text) {
  return holds_for_all_characters(text, [](char32_t code) { return !is_control(code); });
}

}  // namespace fs
