#pragma once
/// Mailbox names between the wire's modified UTF-7 (RFC 3501 5.1.3) and UTF-8. Pure functions, any
/// thread, linear in the length of the name.

#include <optional>
#include <string>
#include <string_view>

namespace imap {

/// The UTF-8 text of a name from the wire. Only the one canonical encoding of a text decodes:
/// nothing for unpaired surrogates, left-over or padding bits, a shift without its `-`, printable
/// ASCII inside a shift, two shifts in a row, and octets outside printable ASCII. So whatever
/// decodes encodes to the same octets again, and no two names decode to one text. A name that does
/// not decode is shown and sent back as the server wrote it.
std::optional<std::string> decode_modified_utf7(std::string_view wire);

/// The name as it is sent. Throws std::invalid_argument when `utf8` is not valid UTF-8.
std::string encode_modified_utf7(std::string_view utf8);

/// Whether this is the mailbox that every account has: INBOX in any case (RFC 3501 5.1).
bool is_inbox(std::string_view wire);

}  // namespace imap
