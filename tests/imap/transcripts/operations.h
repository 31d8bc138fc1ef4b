#pragma once
/// What `do:` can name. Main thread only.

#include "imap/session/session.h"
#include "tests/imap/transcripts/describe.h"

#include <string>
#include <vector>

namespace tests {

/// Runs the operation that the first word names with the others as arguments, and says what came of
/// it. Throws what the session throws, and std::runtime_error for what is no operation.
Lines perform(imap::Session& session, const std::vector<std::string>& words);

}  // namespace tests
