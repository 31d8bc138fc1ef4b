#pragma once
/// The charsets that mail declares, by names that can be decoded. Any thread.

#include <string>
#include <string_view>

namespace fs {

/// How iconv and GMime call the charset that a message calls `declared`; a language after `*` (RFC
/// 2231 section 5) is dropped. `unknown-8bit` (RFC 1428), which nothing can decode, when there is
/// no such charset: the number of different answers is limited, whatever strangers invent. Every
/// name has to pass here on its way to GMime, which remembers each that it ever saw.
std::string known_charset(std::string_view declared);

}  // namespace fs
