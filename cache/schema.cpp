#include "cache/schema.h"

#include <array>
#include <string>
#include <utility>

namespace cache {
namespace {

constexpr std::array<std::pair<const char*, Dbi Tables::*>, 10> kTables{{
    {"meta", &Tables::meta},
    {"mailboxes", &Tables::mailboxes},
    {"totals", &Tables::totals},
    {"messages", &Tables::messages},
    {"erased", &Tables::erased},
    {"bodies", &Tables::bodies},
    {"body_infos", &Tables::body_infos},
    {"usage", &Tables::usage},
    {"unfinished", &Tables::unfinished},
    {"objects", &Tables::objects},
}};

std::string_view name_of(Meta which) {
  switch (which) {
    case Meta::schema_version:
      return "schema version";
    case Meta::generation:
      return "generation";
    case Meta::last_mailbox:
      return "last mailbox";
    case Meta::body_bytes:
      return "body bytes";
    case Meta::room:
      return "room";
  }
  return {};
}

std::uint64_t number_in(const Txn& txn, Dbi meta, Meta which) {
  const auto value = txn.get(meta, bytes_of(name_of(which)));
  return value ? number_at<std::uint64_t>(*value) : 0;
}

void require_this_version(const Txn& txn) {
  const auto meta = txn.find_table("meta");
  if (!meta) throw CorruptError("the database was made by another program");
  const auto version = number_in(txn, *meta, Meta::schema_version);
  if (version != kSchemaVersion) {
    throw CorruptError("the database has schema version " + std::to_string(version) +
                       " instead of " + std::to_string(kSchemaVersion));
  }
}

}  // namespace

Tables open_tables(WriteTxn& txn) {
  const bool blank = txn.is_blank();
  if (!blank) require_this_version(txn);
  Tables tables;
  for (const auto& [name, table] : kTables) tables.*table = txn.open_table(name);
  if (blank) put_meta_number(txn, tables, Meta::schema_version, kSchemaVersion);
  return tables;
}

Tables find_tables(const ReadTxn& txn) {
  require_this_version(txn);
  Tables tables;
  for (const auto& [name, table] : kTables) {
    const auto found = txn.find_table(name);
    if (!found) throw CorruptError(std::string("the database has no table ") + name);
    tables.*table = *found;
  }
  return tables;
}

std::uint64_t meta_number(const Txn& txn, const Tables& tables, Meta which) {
  return number_in(txn, tables.meta, which);
}

void put_meta_number(WriteTxn& txn, const Tables& tables, Meta which, std::uint64_t number) {
  txn.put(tables.meta, bytes_of(name_of(which)), key_of(number));
}

}  // namespace cache
