#pragma once
/// The headers that listings, names and extended attributes show, decoded for people. Made of what
/// strangers wrote: every field is valid UTF-8 on one line and has a bound, whatever the octets
/// were.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fs {

/// Empty where the message has no such header. At most kMaxHeader bytes each, `to` kMaxRecipients.
/// Bidirectional controls are kept: right-to-left names need them. File names remove them.
struct MessageHeaders {
  std::string subject;
  std::string from_name;  // display name of the first sender; a group's name; or the plain text
  std::string
      from_address;  // `local@domain` of the first sender, or a bare word such as a daemon's
  std::string to;    // as written, encoded-words decoded
  std::string date;  // as written
  std::optional<std::int64_t> date_time;  // unix seconds of `date`, when that is a date
  std::string message_id;                 // without its angle brackets
  std::string list_id;                    // without its angle brackets and description

  bool operator==(const MessageHeaders&) const = default;
};

inline constexpr std::size_t kMaxHeader = 1000;
inline constexpr std::size_t kMaxRecipients = 4096;

/// Reads the octets of `BODY[HEADER.FIELDS (...)]` or of any header block, up to the first empty
/// line; LF or CRLF, the last line complete or not. Of a repeated header the first counts. Octets
/// of 8 bits that no encoded-word declares are UTF-8 where they are valid as such, else
/// windows-1252. Never throws for what `block` holds. Linear in its length. Any thread: GMime is
/// initialised by the first call, whichever thread makes it.
MessageHeaders parse_headers(std::string_view block);

}  // namespace fs
