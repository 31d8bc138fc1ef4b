#pragma once
/// Where the password comes from: a command, a private file or the terminal, and nowhere else. Any
/// thread, one at a time. Every buffer that held the password is wiped.

#include "fs/cli/mount_options.h"
#include "imap/base/secret.h"

#include <stdexcept>
#include <string>
#include <string_view>

namespace fs {

/// There is no password. The message says why and never contains what a command or a file gave.
class CredentialsError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Whether a login as `options` say may use a password: not with a token or Kerberos, and with a
/// client certificate only if a source is given.
bool wants_password(const MountOptions& options);

/// The password of the account, by --password-command, --password-file or else by asking with
/// `prompt` on the controlling terminal. Never empty. Blocks: at most a minute on a command, on a
/// person without limit. Throws CredentialsError.
imap::Secret obtain_password(const MountOptions& options, std::string_view prompt);

}  // namespace fs
