#include "fs/cli/password_buffer.h"

#include "fs/cli/credentials.h"

#include <fmt/format.h>
#include <string.h>

#include <algorithm>
#include <string>
#include <utility>

namespace fs {
namespace {

// Beyond the size up to which a std::string keeps its text inside itself, where moving it leaves a
// copy behind.
constexpr std::size_t kOnHeap = 64;

}  // namespace

PasswordBuffer::~PasswordBuffer() {
  explicit_bzero(bytes_.data(), bytes_.size());
}

imap::Secret PasswordBuffer::first_line(std::string_view origin) const {
  auto line = text().substr(0, text().find('\n'));
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (line.empty()) throw CredentialsError(fmt::format("{} gave an empty line", origin));
  if (line.find('\0') != std::string_view::npos) {
    throw CredentialsError(fmt::format("{} gave a text with a NUL character", origin));
  }
  std::string password;
  password.reserve(std::max(line.size(), kOnHeap));
  password = line;
  return imap::Secret(std::move(password));
}

}  // namespace fs
