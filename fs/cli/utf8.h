#pragma once
/// Reading UTF-8 strictly (RFC 3629): what is overlong, a surrogate or above U+10FFFF is not UTF-8.
/// Pure functions.

#include <cstddef>
#include <optional>
#include <string_view>

namespace fs {

struct Utf8Character {
  char32_t code = 0;
  std::size_t length = 0;  // in bytes, 1 to 4
};

/// The character that `text` begins with; nothing when there is none.
std::optional<Utf8Character> first_character(std::string_view text);

bool is_utf8(std::string_view text);

/// C0, DEL, C1 and the line and paragraph separators: what ends a line or drives a terminal.
bool is_control(char32_t code);

/// What changes the direction of the text around it (Unicode UAX #9), so that a line reads as
/// something that it is not.
bool is_bidi_control(char32_t code);

/// Whether `text` is UTF-8 without control characters.
bool is_plain_text(std::string_view text);

}  // namespace fs
