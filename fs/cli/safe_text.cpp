#include "fs/cli/safe_text.h"

#include "imap/base/utf8.h"

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
    const auto unit = imap::first_utf8(text);
    const auto character = unit.character;
    if (!character) {
      safe += fmt::format("\\x{:02X}", static_cast<unsigned char>(text.front()));
    } else if (imap::is_control(*character) || imap::is_format(*character)) {
      safe += escaped(*character);
    } else {
      safe += text.substr(0, unit.length);
    }
    text.remove_prefix(unit.length);
  }
  return safe;
}

}  // namespace fs
