#pragma once
/// What a mailbox is for, as the server says in LIST (RFC 6154 section 2, RFC 8457) or XLIST. Pure
/// functions, any thread.

#include <optional>
#include <string_view>

namespace imap {

enum class SpecialUse { all, archive, drafts, flagged, important, junk, sent, trash };

/// The use that an attribute names, with the names of XLIST (`\AllMail`, `\Spam`, `\Starred`);
/// nothing for any other attribute.
std::optional<SpecialUse> special_use_of(std::string_view attribute);

/// The attribute of RFC 6154, with its backslash.
std::string_view attribute_of(SpecialUse use);

}  // namespace imap
