#include "fs/cli/safe_text.h"

#include "fs/cli/utf8.h"

#include <fmt/format.h>

namespace fs {
namespace {

std::string escaped(char32_t code) {
  if (code == '\n') return "\\n";
  if (code == '\r') return "\\r";
  if (code == '\t') return "\\t";
  const auto number = static_cast<std::uint32_t>(code);
  return number < 0x80 ? fmt::format("\\x{:02X}", number) : fmt::format("\\u{:04X}", number);
}

}  // namespace

std::string safe_text(std::string_view text) {
  std::string safe;
  safe.reserve(text.size());
  while (!text.empty()) {
    const auto character = first_character(text);
    if (!character) {
      safe += fmt::format("\\x{:02X}", static_cast<unsigned char>(text.front()));
      text.remove_prefix(1);
      continue;
    }
    if (is_control(character->code) || is_bidi_control(character->code)) {
      safe += escaped(character->code);
    } else {
      safe += text.substr(0, character->length);
    }
    text.remove_prefix(character->length);
  }
  return safe;
}

}  // namespace fs
