#pragma once
/// UTF-8 as text from strangers needs it: checked, walked character by character whatever the
/// octets are, cut without splitting a character, and cleaned for one line of a terminal. Nothing
/// here throws on bad input; any thread.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace imap {

/// What a text begins with: a character, or one octet that is no part of valid UTF-8.
struct Utf8Unit {
  std::optional<char32_t> character;
  std::size_t length = 0;
  bool operator==(const Utf8Unit&) const = default;
};

/// The beginning of `text`. Overlong forms, surrogates and what is above U+10FFFF are not valid
/// (RFC 3629). Length 0 only for the empty text.
Utf8Unit first_utf8(std::string_view text);

/// The longest beginning of `text` of visible ASCII, that is, without spaces: most text is that,
/// and need not be looked at character by character.
std::string_view visible_ascii(std::string_view text);

bool is_utf8(std::string_view text);

/// `character` must be a Unicode scalar value.
void append_utf8(std::string& text, char32_t character);

/// The longest beginning of `text` that has at most `max_bytes` and does not end within a
/// character.
std::string_view cut_utf8(std::string_view text, std::size_t max_bytes);

/// C0 and C1 controls and DEL.
bool is_control(char32_t character);

/// Characters without a glyph of their own that reorder, join or hide others: bidirectional
/// controls, zero-width characters, line and paragraph separators, annotations, tags.
bool is_format(char32_t character);

/// `text` as valid UTF-8 on one line: control characters and line separators become spaces, runs of
/// spaces become one, there are none at the ends, and octets that are not UTF-8 become U+FFFD.
std::string one_line(std::string_view text);

}  // namespace imap
