#pragma once
/// Base64 as SASL in IMAP uses it (RFC 4648 section 4: one line, padded). Any thread.

#include "imap/base/secret.h"

#include <optional>
#include <string>
#include <string_view>

namespace imap {

Secret base64_encoded(std::string_view octets);

/// Nothing unless `text` is base64 and nothing else: no white space, padding at the end only.
std::optional<std::string> base64_decoded(std::string_view text);

}  // namespace imap
