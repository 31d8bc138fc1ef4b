#pragma once
/// Percent-encoding as URLs have it (RFC 3986 2.1). Pure functions.

#include <optional>
#include <string>
#include <string_view>

namespace fs {

/// Nothing when a `%` is not followed by two hexadecimal digits.
std::optional<std::string> percent_decoded(std::string_view text);

/// Every byte but letters, digits, `-`, `_`, `.` and those in `also_safe` as `%XX`. Different texts
/// give different results as long as `%` is not in `also_safe`.
std::string percent_encoded(std::string_view text, std::string_view also_safe = "");

}  // namespace fs
