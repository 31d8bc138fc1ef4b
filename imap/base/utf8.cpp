#include "imap/base/utf8.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

namespace imap {
namespace {

constexpr char32_t kReplacement = 0xFFFD;

constexpr std::uint8_t octet(char c) {
  return static_cast<std::uint8_t>(c);
}

constexpr bool is_continuation(char c) {
  return (octet(c) & 0xC0U) == 0x80U;
}

struct Range {
  char32_t first;
  char32_t last;
};

// Ascending. The general category Cf as far as it shows nothing, with the separators of lines and
// paragraphs. Cf also has visible signs (Arabic number signs), which stay.
constexpr auto kFormat = std::to_array<Range>({
    {0x00AD, 0x00AD},    // soft hyphen
    {0x061C, 0x061C},    // Arabic letter mark
    {0x180E, 0x180E},    // Mongolian vowel separator
    {0x200B, 0x200F},    // zero-width space and joiners, direction marks
    {0x2028, 0x202E},    // line and paragraph separator, embeddings, overrides
    {0x2060, 0x206F},    // word joiner, invisible operators, isolates
    {0xFEFF, 0xFEFF},    // byte order mark
    {0xFFF9, 0xFFFB},    // interlinear annotation
    {0xE0000, 0xE007F},  // tags
});

constexpr bool is_line_separator(char32_t character) {
  return character == 0x2028 || character == 0x2029;
}

}  // namespace

Utf8Unit first_utf8(std::string_view text) {
  if (text.empty()) return {};
  const auto lead = octet(text.front());
  if (lead < 0x80) return {lead, 1};
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  constexpr Utf8Unit bad{std::nullopt, 1};
  if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return bad;
  char32_t character = lead & (0x7FU >> length);
  for (const char next : text.substr(1, length - 1)) {
    if (!is_continuation(next)) return bad;
    character = character << 6U | (octet(next) & 0x3FU);
  }
  constexpr std::array<char32_t, 5> least{0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = character >= 0xD800 && character <= 0xDFFF;
  if (character < least.at(length) || character > 0x10FFFF || surrogate) return bad;
  return {character, length};
}

std::string_view visible_ascii(std::string_view text) {
  const auto* const end =
      std::ranges::find_if_not(text, [](char c) { return c > ' ' && c < '\x7F'; });
  return text.substr(0, static_cast<std::size_t>(end - text.begin()));
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const auto unit = first_utf8(text);
    if (!unit.character) return false;
    text.remove_prefix(unit.length);
  }
  return true;
}

void append_utf8(std::string& text, char32_t character) {
  const auto tail = [character](unsigned shift) {
    return static_cast<char>(0x80U | (character >> shift & 0x3FU));
  };
  if (character < 0x80) {
    text += static_cast<char>(character);
  } else if (character < 0x800) {
    text += {static_cast<char>(0xC0U | character >> 6U), tail(0)};
  } else if (character < 0x10000) {
    text += {static_cast<char>(0xE0U | character >> 12U), tail(6), tail(0)};
  } else {
    text += {static_cast<char>(0xF0U | character >> 18U), tail(12), tail(6), tail(0)};
  }
}

std::string_view cut_utf8(std::string_view text, std::size_t max_bytes) {
  if (text.size() <= max_bytes) return text;
  auto end = max_bytes;
  // A character has at most three continuation octets; more of them are no character at all.
  for (int back = 0; back < 3 && end > 0 && is_continuation(text[end]); ++back) --end;
  if (first_utf8(text.substr(end)).length > max_bytes - end) return text.substr(0, end);
  return text.substr(0, max_bytes);
}

bool is_control(char32_t character) {
  return character < 0x20 || (character >= 0x7F && character < 0xA0);
}

bool is_format(char32_t character) {
  const auto* const range = std::ranges::lower_bound(kFormat, character, {}, &Range::last);
  return range != kFormat.end() && range->first <= character;
}

std::string one_line(std::string_view text) {
  std::string line;
  line.reserve(text.size());
  bool space = false;
  while (!text.empty()) {
    if (const auto run = visible_ascii(text); !run.empty()) {
      if (std::exchange(space, false) && !line.empty()) line += ' ';
      line += run;
      text.remove_prefix(run.size());
      continue;
    }
    const auto unit = first_utf8(text);
    text.remove_prefix(unit.length);
    const auto character = unit.character.value_or(kReplacement);
    if (character == ' ' || is_control(character) || is_line_separator(character)) {
      space = true;
      continue;
    }
    if (space && !line.empty()) line += ' ';
    space = false;
    append_utf8(line, character);
  }
  return line;
}

}  // namespace imap
