#pragma once
/// A password from a command of the user's, such as a password manager.

#include "imap/base/deadline.h"
#include "imap/base/secret.h"

#include <string>

namespace fs {

inline constexpr auto kPasswordCommandLimit = std::chrono::seconds{60};

/// The first line that `/bin/sh -c command` prints. Its input is /dev/null, its errors are shown.
/// It has to end with exit code 0 within `limit`; after that its process group is killed. Throws
/// CredentialsError, with the exit code but without a word of the output.
imap::Secret password_from_command(const std::string& command,
                                   imap::Deadline::Clock::duration limit = kPasswordCommandLimit);

}  // namespace fs
