#pragma once
/// From a frame to a value: pure functions, any thread.

#include "imap/wire/frame.h"
#include "imap/wire/limits.h"
#include "imap/wire/response.h"

namespace imap {

/// Reads one response. Lenient where real servers forced it (each place names the server). Throws
/// ProtocolError when the response is malformed: it can be dropped, because the framer has found
/// its end, and the connection goes on.
Response parse_response(const Frame& frame, const Limits& limits);

}  // namespace imap
