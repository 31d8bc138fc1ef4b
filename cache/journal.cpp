#include "cache/journal.h"

#include "cache/checksum.h"

#include <algorithm>
#include <system_error>

namespace cache {
namespace {

/// Some hundred octets a record, but for messages: room for millions. Address space is not memory.
constexpr std::uint64_t kMapSize = std::uint64_t{4} << 30U;
constexpr std::array<const char*, 4> kTables{"changes", "aliases", "marks", "letters"};
constexpr std::size_t kErasedPerCommit = 1000;

std::uint32_t checksum_of(Bytes key, Bytes row) {
  return checksum(checksum(0, key), row);
}

std::unique_ptr<Env> open_env(const std::filesystem::path& directory) {
  auto env = std::make_unique<Env>(
      Env::Options{.directory = directory, .map_size = kMapSize, .durable = false});
  // Only a transaction finds out whether the pages make sense.
  WriteTxn txn(*env);
  for (const auto* name : kTables) txn.open_table(name);
  txn.commit();
  return env;
}

/// For whoever wants to look at it.
std::string put_aside(const std::filesystem::path& directory) {
  const auto aside = directory / "damaged.mdb";
  std::error_code error;
  std::filesystem::rename(directory / "data.mdb", aside, error);
  std::filesystem::remove(directory / "lock.mdb", error);
  return aside.string();
}

}  // namespace

std::unique_ptr<Journal> Journal::open(const std::filesystem::path& directory,
                                       const std::string& purpose) {
  make_private_directory(directory);
  auto lock = std::make_unique<DirectoryLock>(directory, purpose);
  std::unique_ptr<Env> env;
  std::string notice;
  try {
    env = open_env(directory);
  } catch (const CorruptError& damage) {
    const auto aside = put_aside(directory);
    notice = "the journal of changes was damaged and starts empty (what it was is in " + aside +
             "): " + damage.what();
    env = open_env(directory);
  }
  return std::unique_ptr<Journal>(new Journal(std::move(lock), std::move(env), std::move(notice)));
}

Journal::Journal(std::unique_ptr<DirectoryLock> lock, std::unique_ptr<Env> env, std::string notice)
    : lock_(std::move(lock)), env_(std::move(env)), notice_(std::move(notice)) {
  WriteTxn txn(*env_);
  for (std::size_t kind = 0; kind < kTables.size(); ++kind) {
    tables_[kind] = txn.open_table(kTables[kind]);
    const auto last = Cursor(txn, tables_[kind]).last();
    if (last) next_ = std::max(next_.load(), number_at<std::uint64_t>(last->key) + 1);
  }
  txn.commit();
}

template <class Row>
std::vector<Record<Row>> Journal::all() {
  std::vector<Record<Row>> records;
  std::vector<RecordId> damaged;
  {
    const ReadTxn txn(*env_);
    Cursor cursor(txn, table(table_of(Row{})));
    for (auto entry = cursor.first(); entry; entry = cursor.next()) {
      const RecordId id{number_at<std::uint64_t>(entry->key)};
      try {
        const auto stored = number_at<std::uint32_t>(entry->value);
        const auto bytes = entry->value.subspan(sizeof stored);
        if (stored != checksum_of(entry->key, bytes)) throw CorruptError("a record is damaged");
        Row row;
        decode(bytes, row);
        records.emplace_back(id, std::move(row));
      } catch (const CorruptError&) {
        damaged.push_back(id);
      }
    }
  }
  if (damaged.empty()) return records;
  if (!notice_.empty()) notice_ += "; ";
  notice_ += "damaged records of the journal, which are lost: " + std::to_string(damaged.size());
  erase<Row>(damaged);
  return records;
}

template std::vector<Record<ChangeRow>> Journal::all<ChangeRow>();
template std::vector<Record<AliasRow>> Journal::all<AliasRow>();
template std::vector<Record<MarkRow>> Journal::all<MarkRow>();
template std::vector<Record<LetterRow>> Journal::all<LetterRow>();

void Journal::write(Kind kind, RecordId id, Bytes row) {
  const auto key = key_of(id.value);
  const auto sum = key_of(checksum_of(key, row));
  std::vector<std::byte> value(sum.begin(), sum.end());
  value.insert(value.end(), row.begin(), row.end());
  WriteTxn txn(*env_);
  txn.put(table(kind), key, value);
  txn.commit();
}

void Journal::erase(Kind kind, const std::vector<RecordId>& ids) {
  for (std::size_t begin = 0; begin < ids.size(); begin += kErasedPerCommit) {
    const auto end = std::min(begin + kErasedPerCommit, ids.size());
    WriteTxn txn(*env_);
    for (auto at = begin; at < end; ++at) txn.erase(table(kind), key_of(ids[at].value));
    txn.commit();
  }
}

}  // namespace cache
