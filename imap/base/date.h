#pragma once
/// The date-time of INTERNALDATE (RFC 3501 section 9) as seconds. Independent of locale and time
/// zone; any thread.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace imap {

/// Unix seconds of `dd-Mon-yyyy hh:mm:ss +zzzz`, years 1 to 9999. Tolerated as servers send it:
/// spaces around, a day of one digit, months in any case, second 60 (the first second of the next
/// minute), no zone (taken as UTC). Nothing for any other text and for dates that do not exist,
/// such as `00-Jan-0000` of Domino.
std::optional<std::int64_t> parse_internal_date(std::string_view text);

/// ` 7-Nov-2026 09:30:00 +0000`: the day has two places, as RFC 3501 wants it. Throws
/// std::invalid_argument for years that have not four digits.
std::string format_internal_date(std::int64_t unix_seconds);

}  // namespace imap
