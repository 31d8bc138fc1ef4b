#pragma once
/// What the journal keeps: what the user did and the server has not confirmed, and what only this
/// program knows of messages. Plain values; flags are a bit set whose meaning belongs to the
/// caller. Mailboxes go by the server's octets and UIDVALIDITY, because the cache, which numbers
/// them, may be deleted at any time.

#include "cache/bytes.h"

#include <cstdint>
#include <string>
#include <vector>

namespace cache {

/// A message as the server names it.
struct MessageName {
  std::string mailbox;
  std::uint64_t uid_validity = 0;
  std::uint32_t uid = 0;

  bool operator==(const MessageName&) const = default;
};

/// A change of one message.
struct ChangeRow {
  enum class Kind : std::uint8_t { flags = 1, remove = 2, move = 3 };
  /// How far it got, for what must not be done twice.
  enum class Stage : std::uint8_t {
    queued = 0,
    copying = 1,  // COPY may have been sent
    copied = 2,   // the copy is there: the original may go
  };

  Kind kind = Kind::flags;
  Stage stage = Stage::queued;
  MessageName message;
  std::int64_t time = 0;  // when the user did it, seconds since 1970

  // Of flags
  std::uint32_t add = 0;
  std::uint32_t remove = 0;
  std::vector<std::string> add_keywords{};
  std::vector<std::string> remove_keywords{};

  // Of a move
  std::string target{};  // mailbox; of a removal, where it was on its way to, if it was
  std::string name{};    // that the user gave it there; or empty
  std::uint64_t target_validity = 0;  // known from Stage::copying on
  std::uint32_t target_uid_next = 0;  // the copy is not below
  // To find the copy by, and to tell it from others
  std::string message_id{};
  std::string subject{};
  std::int64_t internal_date = 0;
  std::uint64_t size = 0;

  bool operator==(const ChangeRow&) const = default;
};

/// A name that the user gave a message.
struct AliasRow {
  MessageName message;
  std::string name;
  bool shown = true;  // in listings, instead of the name that is made of the headers

  bool operator==(const AliasRow&) const = default;
};

/// A message that the user deleted and the server keeps, marked \Deleted: it is not shown.
struct MarkRow {
  MessageName message;

  bool operator==(const MarkRow&) const = default;
};

/// A new message that the server does not have yet, and whoever wrote it does not wait for.
struct LetterRow {
  std::string mailbox;
  std::uint64_t uid_validity = 0;
  std::uint32_t from_uid = 0;  // where the server has it after all, it is not below
  std::string name;            // that the user gave it
  std::int64_t time = 0;       // INTERNALDATE, seconds since 1970
  std::string octets;          // as they were written

  bool operator==(const LetterRow&) const = default;
};

RowWriter encode(const ChangeRow& row);
RowWriter encode(const AliasRow& row);
RowWriter encode(const MarkRow& row);
RowWriter encode(const LetterRow& row);

/// All of these throw CorruptError unless the bytes are exactly one row.
void decode(Bytes bytes, ChangeRow& row);
void decode(Bytes bytes, AliasRow& row);
void decode(Bytes bytes, MarkRow& row);
void decode(Bytes bytes, LetterRow& row);

}  // namespace cache
