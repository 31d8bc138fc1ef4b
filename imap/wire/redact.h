#pragma once
/// What a trace may show of a response.

#include "imap/wire/frame.h"

#include <string>

namespace imap {

/// The response with every literal as `{n octets}`. In FETCH rows quoted strings are hidden, too:
/// they hold header text on servers that do not use literals for it.
std::string redacted(const Frame& frame);

}  // namespace imap
