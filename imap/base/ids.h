#pragma once
/// The numbers that IMAP names messages and states with, each a type of its own so that one is
/// never passed for another. Plain values.

#include <compare>
#include <cstdint>
#include <functional>

namespace imap {

template <class Tag, class Number>
struct Id {
  Number value = 0;
  auto operator<=>(const Id&) const = default;
};

/// Unique identifier of a message within one mailbox and one UIDVALIDITY (RFC 3501 2.3.1.1).
using Uid = Id<struct UidTag, std::uint32_t>;
/// Message sequence number: changes with every EXPUNGE, so it is only ever a hint (RFC
/// 3501 2.3.1.2).
using Seq = Id<struct SeqTag, std::uint32_t>;
/// 64 bits wide because real servers exceed RFC 3501's 32 (GreenMail). 0: the server gave none.
using UidValidity = Id<struct UidValidityTag, std::uint64_t>;
/// Modification sequence (RFC 7162), 63 bits. 0: none.
using ModSeq = Id<struct ModSeqTag, std::uint64_t>;

inline constexpr Uid kMaxUid{0xFFFF'FFFF};

}  // namespace imap

template <class Tag, class Number>
struct std::hash<imap::Id<Tag, Number>> {
  std::size_t operator()(imap::Id<Tag, Number> id) const noexcept {
    return std::hash<Number>{}(id.value);
  }
};
