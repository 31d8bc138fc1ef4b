#pragma once
/// Headers in the forms that nearly all of them have, without the detours that a parser for all
/// forms has to take. Whatever is not exactly of such a form is left to that one. Any thread.

#include <cstdint>
#include <optional>
#include <string_view>

namespace fs {

struct PlainSender {
  std::string_view name;  // may be empty
  std::string_view address;
};

/// `alice@example.org`, `Alice Weber <alice@example.org>`, `"Weber, Alice" <alice@example.org>`, of
/// valid UTF-8. Without encoded-words, comments and escapes.
std::optional<PlainSender> plain_sender(std::string_view text);

/// `Mon, 5 Feb 2024 10:00:00 +0100` (RFC 5322 section 3.3), with or without the day of the week;
/// unix seconds.
std::optional<std::int64_t> plain_date(std::string_view text);

}  // namespace fs
