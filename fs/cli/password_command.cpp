#include "fs/cli/password_command.h"

#include "fs/cli/child_process.h"
#include "fs/cli/credentials.h"
#include "fs/cli/password_buffer.h"

#include <fmt/format.h>

#include <chrono>
#include <string_view>
#include <system_error>

namespace fs {
namespace {

/// `name` is what errors call the command.
imap::Secret first_line_of(std::string_view name, const std::string& command,
                           imap::Deadline::Clock::duration limit, const imap::WakeFd* abort) {
  const auto deadline = imap::Deadline::after(limit);
  const auto too_late = [=] {
    const auto seconds = std::chrono::duration<double>(limit).count();
    return CredentialsError(fmt::format("{} did not end within {:g} seconds", name, seconds));
  };
  ChildProcess shell({"/bin/sh", "-c", command}, ChildProcess::Captured::output, abort);
  PasswordBuffer buffer;
  while (true) {
    if (buffer.is_full()) throw CredentialsError(fmt::format("{} wrote too much", name));
    const auto room = buffer.room();
    const auto count = shell.read(room.data(), room.size(), deadline);
    if (!count) throw too_late();
    if (*count == 0) break;
    buffer.grow(*count);
  }
  const auto code = shell.wait(deadline);
  if (!code) throw too_late();
  if (*code != 0) {
    throw CredentialsError(fmt::format("{} failed with exit code {}", name, *code));
  }
  return buffer.first_line(name);
}

imap::Secret secret_from(std::string_view name, const std::string& command,
                         imap::Deadline::Clock::duration limit, const imap::WakeFd* abort) {
  try {
    return first_line_of(name, command, limit, abort);
  } catch (const std::system_error& error) {
    throw CredentialsError(fmt::format("{} cannot be run: {}", name, error.what()));
  }
}

}  // namespace

imap::Secret password_from_command(const std::string& command,
                                   imap::Deadline::Clock::duration limit) {
  return secret_from("the password command", command, limit, nullptr);
}

imap::Secret token_from_command(const std::string& command, const imap::WakeFd& abort) {
  return secret_from("the token command", command, kPasswordCommandLimit, &abort);
}

}  // namespace fs
