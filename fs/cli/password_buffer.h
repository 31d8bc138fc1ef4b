#pragma once
/// Memory into which a password is read: of fixed size, so that growing leaves no copies behind,
/// and wiped at the end.

#include "imap/base/secret.h"

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

namespace fs {

class PasswordBuffer {
 public:
  /// More than any password or token, and a bound for a command that never stops writing.
  static constexpr std::size_t kCapacity = 16 * 1024;

  PasswordBuffer() = default;
  ~PasswordBuffer();
  PasswordBuffer(const PasswordBuffer&) = delete;
  PasswordBuffer& operator=(const PasswordBuffer&) = delete;

  /// Where the next bytes go; empty when full. `grow` says how many came.
  std::span<char> room() { return std::span(bytes_).subspan(size_); }
  void grow(std::size_t count) { size_ += count; }
  bool is_full() const { return size_ == bytes_.size(); }
  bool has_line() const { return text().find('\n') != std::string_view::npos; }

  /// The first line without its LF or CRLF. Throws CredentialsError, in which `origin` tells where
  /// the text is from, when it is empty or contains a NUL, which no IMAP command can carry.
  imap::Secret first_line(std::string_view origin) const;

 private:
  std::string_view text() const { return {bytes_.data(), size_}; }

  std::array<char, kCapacity> bytes_{};
  std::size_t size_ = 0;  // INVARIANT: at most kCapacity
};

}  // namespace fs
