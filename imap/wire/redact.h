#pragma once
/// What a trace may show of a response.

#include "imap/wire/frame.h"

#include <string>

namespace imap {

/// The response with every literal as `{n octets}`. In FETCH rows quoted strings are hidden, too:
/// they hold header text on servers that do not use literals for it. Lines of an unknown kind show
/// their length alone: they may be the rest of a message whose length the server got wrong.
std::string redacted(const Frame& frame);

}  // namespace imap
