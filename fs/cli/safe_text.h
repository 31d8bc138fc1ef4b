#pragma once
/// Text from elsewhere (a server, a file name), made fit for a line of a log or a terminal. Pure.

#include <string>
#include <string_view>

namespace fs {

/// One line without control characters, bidirectional overrides or invalid UTF-8: they appear as
/// `\n`, `\x1B` or `\u202E`. Applying it twice changes nothing more.
std::string safe_text(std::string_view text);

}  // namespace fs
