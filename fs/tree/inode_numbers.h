#pragma once
/// Inode numbers are made of what they name, so that they are the same after every mount and cost
/// no table: the top bit tells a file from a directory, 28 bits name the mailbox, 32 the UID. Three
/// bits between them tell the mail itself from other views of it. Plain values.

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

enum class View : std::uint8_t {
  mail = 0,
  reappeared = 5,  // a message whose own number went with another: see InodeMap
  draft = 6,       // what was made here: see Drafts
  own = 7,         // what the mount tells of itself: the directory `.imapfs`
};

constexpr View view_of(Ino ino) {
  return static_cast<View>(ino.value >> 60U & 7U);
}

inline constexpr Ino kOwnDirectoryIno{std::uint64_t{7} << 60U};

/// A file that is made anew whenever it is looked up: each time it has another number for the
/// kernel, and one and the same for people, which is that of serial number 0.
constexpr Ino own_file_ino(std::uint32_t file, std::uint32_t serial) {
  return {std::uint64_t{15} << 60U | std::uint64_t{file} << 32U | serial};
}

/// The number that programs see.
constexpr Ino shown_ino(Ino ino) {
  constexpr std::uint64_t serial = 0xFFFF'FFFFU;
  return view_of(ino) == View::own ? Ino{ino.value & ~serial} : ino;
}

constexpr Ino draft_ino(std::uint32_t serial) {
  return {std::uint64_t{14} << 60U | serial};
}

constexpr Ino reappeared_ino(std::uint32_t serial) {
  return {std::uint64_t{13} << 60U | serial};
}

constexpr bool is_draft(Ino ino) {
  return view_of(ino) == View::draft;
}

/// Of a draft.
constexpr std::uint32_t serial_of(Ino ino) {
  return static_cast<std::uint32_t>(ino.value);
}

constexpr Ino ino_of(MailboxId mailbox) {
  return {mailbox.value};
}

constexpr Ino ino_of(MailboxId mailbox, Uid uid) {
  return {std::uint64_t{1} << 63U | std::uint64_t{mailbox.value} << 32U | uid.value};
}

constexpr bool is_message(Ino ino) {
  return (ino.value >> 63U) != 0 && view_of(ino) == View::mail;
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
