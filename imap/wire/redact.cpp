#include "imap/wire/redact.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <string_view>

namespace imap {
namespace {

bool is_fetch(std::string_view text) {
  if (!text.starts_with("* ")) return false;
  text.remove_prefix(2);
  const auto digits = text.find_first_not_of("0123456789");
  return digits != std::string_view::npos && digits > 0 &&
         text.substr(digits).starts_with(" FETCH");
}

}  // namespace

std::string redacted(const Frame& frame) {
  const std::string_view text = frame.text;
  const bool hide_quoted = is_fetch(text);
  std::string shown;
  std::size_t at = 0;
  while (at < text.size()) {
    const auto left = text.substr(at);
    if (left.starts_with("\"") && hide_quoted) {
      auto end = left.find('"', 1);
      while (end != std::string_view::npos && left[end - 1] == '\\') end = left.find('"', end + 1);
      shown += "\"...\"";
      at = end == std::string_view::npos ? text.size() : at + end + 1;
      continue;
    }
    std::uint64_t size = 0;
    const auto [stop, error] =
        left.starts_with('{') ? std::from_chars(left.data() + 1, left.data() + left.size(), size)
                              : std::from_chars_result{left.data(), std::errc::invalid_argument};
    const auto newline = left.find('\n');
    if (error == std::errc{} && newline != std::string_view::npos && newline < 32) {
      shown += fmt::format("{{{} octets}}", size);
      const auto data = at + newline + 1;
      const bool streamed = std::ranges::any_of(
          frame.streamed, [data](const auto& literal) { return literal.position == data; });
      at = streamed ? data : data + std::min<std::uint64_t>(size, text.size() - data);
      continue;
    }
    shown += text[at++];
  }
  return shown;
}

}  // namespace imap
