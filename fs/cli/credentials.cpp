#include "fs/cli/credentials.h"

#include "fs/cli/password_command.h"
#include "fs/cli/password_file.h"
#include "fs/cli/password_prompt.h"

namespace fs {

bool wants_password(const MountOptions& options) {
  if (!options.password_command.empty() || !options.password_file.empty()) return true;
  return options.token_command.empty() && options.client_cert.empty() &&
         options.auth != imap::LoginMethod::gssapi;
}

imap::Secret obtain_password(const MountOptions& options, std::string_view prompt) {
  if (!options.password_command.empty()) return password_from_command(options.password_command);
  if (!options.password_file.empty()) return password_from_file(options.password_file);
  return password_from_terminal(prompt);
}

}  // namespace fs
