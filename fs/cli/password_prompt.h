#pragma once
/// A password from the person at the terminal.

#include "imap/base/secret.h"

#include <string_view>

namespace fs {

/// Asks on the controlling terminal, whatever standard input is, with the echo off. The terminal is
/// as before when this returns, throws, or a signal ends or stops the program; after a stop the
/// question is asked again. No other thread may be there to take the signals. Throws
/// CredentialsError, also when there is no terminal.
imap::Secret password_from_terminal(std::string_view prompt);

}  // namespace fs
