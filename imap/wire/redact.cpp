#include "imap/wire/redact.h"

#include "imap/base/ascii.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace imap {
namespace {

std::string_view without_leading(std::string_view text, std::string_view octets) {
  text.remove_prefix(std::min(text.find_first_not_of(octets), text.size()));
  return text;
}

/// The word that says what a response is; empty where none can stand.
std::string_view kind_of(std::string_view text) {
  using namespace std::string_view_literals;
  text = without_leading(text, "\0"sv);
  if (text.starts_with('+') || text.starts_with('[')) return text.substr(0, 1);
  if (text.starts_with('*')) {
    text = without_leading(without_leading(text.substr(1), " \t0123456789"), " \t");
  } else {
    text.remove_prefix(std::min(text.find(' '), text.size()));
    text = without_leading(text, " ");
  }
  return text.starts_with('[') ? text.substr(0, 1) : text.substr(0, text.find_first_of(" \t("));
}

bool is_known(std::string_view kind) {
  static constexpr std::array kKnown{
      "OK",     "NO",      "BAD",    "BYE",     "PREAUTH",   "CAPABILITY", "LIST",  "XLIST",
      "LSUB",   "STATUS",  "SEARCH", "ESEARCH", "NAMESPACE", "VANISHED",   "FLAGS", "EXISTS",
      "RECENT", "EXPUNGE", "FETCH",  "ENABLED", "ID",        "+",          "["};
  return std::ranges::any_of(
      kKnown, [kind](std::string_view known) { return equal_ignoring_case(kind, known); });
}

std::string without_quoted(std::string_view text) {
  std::string shown;
  while (true) {
    const auto open = text.find('"');
    shown += text.substr(0, open);
    if (open == std::string_view::npos) return shown;
    shown += "\"...\"";
    auto at = open + 1;
    while (at < text.size() && text[at] != '"') at += text[at] == '\\' ? 2 : 1;
    text.remove_prefix(std::min(at + 1, text.size()));
  }
}

}  // namespace

std::string redacted(const Frame& frame) {
  const std::string_view text = frame.text;
  const auto kind = kind_of(text.substr(0, text.find('\n')));
  if (!is_known(kind)) return fmt::format("({} octets of no known kind)", text.size());
  const bool is_fetch = equal_ignoring_case(kind, "FETCH");
  std::string shown;
  const auto show = [&](std::string_view part) {
    if (is_fetch) {
      shown += without_quoted(part);
    } else {
      shown += part;
    }
  };
  std::size_t at = 0;
  for (const auto& literal : frame.literals) {
    const auto before = text.substr(at, literal.position - at);
    show(before.substr(0, before.rfind('{')));
    shown += fmt::format("{{{} octets}}", literal.size);
    at = literal.position + (literal.streamed ? 0 : literal.size);
  }
  show(text.substr(std::min(at, text.size())));
  return shown;
}

}  // namespace imap
