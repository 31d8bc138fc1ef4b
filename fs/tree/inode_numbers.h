#pragma once
/// Inode numbers are made of what they name, so that they are the same after every mount and cost
/// no table: the top bit tells a message from a directory, 28 bits name the mailbox, 32 the UID.
/// Three bits between them are left to the views. Plain values.

#include "fs/mail/ids.h"

#include <compare>
#include <cstdint>

namespace fs {

struct Ino {
  std::uint64_t value = 0;
  auto operator<=>(const Ino&) const = default;
};

/// The directory at which the mount begins; the kernel fixes the number.
inline constexpr Ino kRootIno{1};

constexpr Ino ino_of(MailboxId mailbox) {
  return {mailbox.value};
}

constexpr Ino ino_of(MailboxId mailbox, Uid uid) {
  return {std::uint64_t{1} << 63U | std::uint64_t{mailbox.value} << 32U | uid.value};
}

constexpr bool is_message(Ino ino) {
  return (ino.value >> 63U) != 0;
}

/// Of a directory, or the directory of a message.
constexpr MailboxId mailbox_of(Ino ino) {
  const auto bits = is_message(ino) ? ino.value >> 32U : ino.value;
  return {static_cast<std::uint32_t>(bits & 0x0FFF'FFFFU)};
}

/// Of a message.
constexpr Uid uid_of(Ino ino) {
  return {static_cast<std::uint32_t>(ino.value)};
}

}  // namespace fs
