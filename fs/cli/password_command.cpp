#include "fs/cli/password_command.h"

#include "fs/cli/child_process.h"
#include "fs/cli/credentials.h"
#include "fs/cli/password_buffer.h"

#include <fmt/format.h>

#include <chrono>
#include <system_error>

namespace fs {
namespace {

imap::Secret first_line_of(const std::string& command, imap::Deadline::Clock::duration limit) {
  const auto deadline = imap::Deadline::after(limit);
  const auto too_late = [limit] {
    const auto seconds = std::chrono::duration<double>(limit).count();
    return CredentialsError(
        fmt::format("the password command did not end within {:g} seconds", seconds));
  };
  ChildProcess shell({"/bin/sh", "-c", command}, ChildProcess::Captured::output);
  PasswordBuffer buffer;
  while (true) {
    if (buffer.is_full()) throw CredentialsError("the password command wrote too much");
    const auto room = buffer.room();
    const auto count = shell.read(room.data(), room.size(), deadline);
    if (!count) throw too_late();
    if (*count == 0) break;
    buffer.grow(*count);
  }
  const auto code = shell.wait(deadline);
  if (!code) throw too_late();
  if (*code != 0) {
    throw CredentialsError(fmt::format("the password command failed with exit code {}", *code));
  }
  return buffer.first_line("the password command");
}

}  // namespace

imap::Secret password_from_command(const std::string& command,
                                   imap::Deadline::Clock::duration limit) {
  try {
    return first_line_of(command, limit);
  } catch (const std::system_error& error) {
    throw CredentialsError(fmt::format("the password command cannot be run: {}", error.what()));
  }
}

}  // namespace fs
