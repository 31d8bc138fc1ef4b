#pragma once
/// A password or token from a command of the user's, such as a password manager.

#include "imap/base/deadline.h"
#include "imap/base/secret.h"
#include "imap/base/wake_fd.h"

#include <string>

namespace fs {

inline constexpr auto kPasswordCommandLimit = std::chrono::seconds{60};

/// The first line that `/bin/sh -c command` prints. Its input is /dev/null, its errors are shown.
/// It has to end with exit code 0 within `limit`; after that its process group is killed. Throws
/// CredentialsError, with the exit code but without a word of the output.
imap::Secret password_from_command(const std::string& command,
                                   imap::Deadline::Clock::duration limit = kPasswordCommandLimit);

/// The same for a bearer token. Any thread; CancelledError when `abort` is signalled meanwhile.
imap::Secret token_from_command(const std::string& command, const imap::WakeFd& abort);

}  // namespace fs
