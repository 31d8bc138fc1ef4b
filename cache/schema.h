#pragma once
/// The tables of the cache and the version of their layout. A database of another version is not
/// converted: what it holds can be fetched again.

#include "cache/lmdb.h"

#include <cstdint>
#include <string_view>

namespace cache {

/// To be raised by every change of a key or a row.
inline constexpr std::uint32_t kSchemaVersion = 2;

struct Tables {
  Dbi meta;        // name -> be64; "account" -> AccountRow
  Dbi mailboxes;   // be32(mailbox) -> MailboxRow
  Dbi totals;      // be32(mailbox) -> Totals; INVARIANT: the same keys as `mailboxes`
  Dbi messages;    // be32(mailbox) be32(uid) -> MessageRow
  Dbi erased;      // be32(mailbox) -> nothing: its messages are still to be swept
  Dbi bodies;      // be64(body) be32(chunk) -> octets, kChunkSize of them except in the last one
  Dbi body_infos;  // be64(body) -> BodyInfo, of complete bodies
  Dbi usage;       // be64(used) be64(body) -> nothing; INVARIANT: the same `used` as in BodyInfo
  Dbi unfinished;  // be64(body) -> BodyProgress: has chunks but no BodyInfo
  Dbi objects;     // object id -> be64(body), complete; INVARIANT: BodyInfo names the object id
};

/// Numbers in `meta`. Absent ones are 0.
enum class Meta { schema_version, generation, last_mailbox, body_bytes, room };

/// Opens the tables, or makes them when there are none at all. Throws CorruptError when the
/// database has another schema version or was not made by this program.
Tables open_tables(WriteTxn& txn);

/// The tables of a database of this version, good within the transaction. Throws CorruptError when
/// it is of another version, or not one of ours.
Tables find_tables(const ReadTxn& txn);

std::uint64_t meta_number(const Txn& txn, const Tables& tables, Meta which);
void put_meta_number(WriteTxn& txn, const Tables& tables, Meta which, std::uint64_t number);

/// Whether it can be a key of `objects`: RFC 8474 allows 255 octets, LMDB 511.
inline bool is_object_id(std::string_view id) {
  return !id.empty() && id.size() <= 300;
}

/// The key of the AccountRow in `meta`.
inline constexpr std::string_view kAccountKey = "account";

}  // namespace cache
