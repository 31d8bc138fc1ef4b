#pragma once
/// What the cache stores about mailboxes, messages and bodies. Plain values; flags and attributes
/// are bit sets whose meaning belongs to the caller.

#include "cache/bytes.h"

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace cache {

/// Number of a mailbox, of 28 bits and never used for another one, so that inode numbers can be
/// made of it. 0 is none, 1 is left to the root of the file system.
struct MailboxId {
  std::uint32_t value = 0;
  auto operator<=>(const MailboxId&) const = default;
};
inline constexpr MailboxId kFirstMailboxId{2};
inline constexpr MailboxId kLastMailboxId{0x0FFF'FFFF};

/// Number of a body, never used for another one. 0: no body.
struct BodyId {
  std::uint64_t value = 0;
  auto operator<=>(const BodyId&) const = default;
};

struct MailboxRow {
  std::string wire_name;  // the server's own octets
  std::optional<char> delimiter;
  std::uint32_t attributes = 0;
  std::uint64_t uid_validity = 0;
  std::uint64_t uid_next = 0;
  std::uint64_t highest_modseq = 0;
  std::uint32_t exists = 0;
  bool listed = false;          // every message that the server had is in the cache
  std::uint8_t sync_class = 0;  // how it is kept in step; the meaning is the caller's
  std::int64_t synced_at = 0;   // seconds since 1970: the last complete comparison
  std::string object_id{};      // MAILBOXID; empty when unknown

  bool operator==(const MailboxRow&) const = default;
};

/// How the account's mailboxes hang together, as far as it is known.
struct AccountRow {
  std::string prefix;  // of the personal namespace, the server's own octets
  std::optional<char> delimiter;
  std::int64_t folders_at = 0;  // seconds since 1970: the last complete list of mailboxes

  bool operator==(const AccountRow&) const = default;
};

/// Text is decoded UTF-8.
struct MessageRow {
  std::uint32_t uid = 0;
  std::uint32_t flags = 0;
  std::vector<std::string> keywords;
  std::uint64_t size = 0;
  bool size_exact = false;
  std::int64_t internal_date = 0;  // seconds since 1970
  std::int64_t sent = 0;           // of the Date header, as far as it makes sense
  std::uint64_t modseq = 0;
  BodyId body;  // may name a body that was evicted meanwhile
  std::string subject;
  std::string from_name;
  std::string from_address;
  std::string to;
  std::string date;
  std::string message_id;
  std::string list_id;
  std::string object_id{};  // the same for all copies, see View::body_of; empty when unknown

  bool operator==(const MessageRow&) const = default;
};

/// How many messages there are, and the sum of their sizes.
struct Totals {
  std::uint64_t messages = 0;
  std::uint64_t bytes = 0;

  bool operator==(const Totals&) const = default;
};

/// About a complete body.
struct BodyInfo {
  std::uint64_t size = 0;
  std::uint64_t used = 0;      // its place in the order of use: higher is later
  std::uint32_t day = 0;       // of its last use, since 1970
  std::uint32_t checksum = 0;  // CRC-32 of all its octets
  std::string object_id{};     // under which it stands in `objects`; or empty

  bool operator==(const BodyInfo&) const = default;
};

/// About a body that is still arriving: the checksum of its chunks as long as they come in order.
struct BodyProgress {
  static constexpr std::uint32_t kUnordered = 0xFFFF'FFFF;

  std::uint32_t next = 0;  // how many chunks have come, or kUnordered
  std::uint32_t checksum = 0;

  bool operator==(const BodyProgress&) const = default;
};

RowWriter encode(const MailboxRow& row);
RowWriter encode(const AccountRow& row);
/// The UID is not written: it stands in the key.
RowWriter encode(const MessageRow& row);
RowWriter encode(const Totals& totals);
RowWriter encode(const BodyInfo& info);
RowWriter encode(const BodyProgress& progress);

/// All of these throw CorruptError unless the bytes are exactly one row.
MailboxRow decode_mailbox(Bytes bytes);
AccountRow decode_account(Bytes bytes);
MessageRow decode_message(std::uint32_t uid, Bytes bytes);
Totals decode_totals(Bytes bytes);
BodyInfo decode_body_info(Bytes bytes);
BodyProgress decode_body_progress(Bytes bytes);

/// Decodes one message row after another into the same storage, so that a listing of 100,000 does
/// not allocate for each.
class MessageDecoder {
 public:
  /// Valid until the next call.
  const MessageRow& decode(std::uint32_t uid, Bytes bytes);

 private:
  MessageRow row_;
};

/// The size alone, without looking at the rest of the row.
std::uint64_t decode_message_size(Bytes bytes);

}  // namespace cache
