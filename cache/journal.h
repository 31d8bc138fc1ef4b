#pragma once
/// What must outlive the process although the server does not have it: changes that are still to be
/// made there, new messages on their way, the names that users gave to messages, and which messages
/// are hidden because they wait to be expunged. An LMDB database of its own, apart from the cache,
/// which may be deleted at any time. Whoever uses it keeps what is in it in memory as well: it is
/// read once. Open it after the last fork. Any thread.
///
/// What was put survives the end of this process however it comes, and after `sync` that of the
/// machine. Records have a checksum: without it a power failure might leave anything.

#include "cache/directory.h"
#include "cache/journal_rows.h"
#include "cache/lmdb.h"

#include <array>
#include <atomic>
#include <compare>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace cache {

/// Number of a record, ascending in the order of time, never used twice while the record is there.
struct RecordId {
  std::uint64_t value = 0;
  auto operator<=>(const RecordId&) const = default;
};

template <class Row>
using Record = std::pair<RecordId, Row>;

class Journal {
 public:
  /// Makes what is missing, for the user only. Throws LockedError while another process has it, and
  /// Error when the directory cannot be used. What cannot be read is put aside, see `notice`.
  static std::unique_ptr<Journal> open(const std::filesystem::path& directory,
                                       const std::string& purpose = {});
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  /// What was lost, in words for the log; empty when nothing was.
  const std::string& notice() const { return notice_; }

  /// All records of a kind (ChangeRow, AliasRow, MarkRow, LetterRow), in the order of time.
  template <class Row>
  std::vector<Record<Row>> all();

  /// Adds a record. Throws FullError when there is no room.
  template <class Row>
  RecordId add(const Row& row) {
    const RecordId id{next_++};
    put(id, row);
    return id;
  }
  /// Replaces it; or puts it back.
  template <class Row>
  void put(RecordId id, const Row& row) {
    write(table_of(row), id, encode(row).bytes());
  }
  /// Those that are not there are passed over.
  template <class Row>
  void erase(const std::vector<RecordId>& ids) {
    erase(table_of(Row{}), ids);
  }

  /// When this returns, what was put before is on the disk.
  void sync() { env_->sync(); }

 private:
  enum class Kind : std::uint8_t { changes, aliases, marks, letters };

  Journal(std::unique_ptr<DirectoryLock> lock, std::unique_ptr<Env> env, std::string notice);

  static Kind table_of(const ChangeRow&) { return Kind::changes; }
  static Kind table_of(const AliasRow&) { return Kind::aliases; }
  static Kind table_of(const MarkRow&) { return Kind::marks; }
  static Kind table_of(const LetterRow&) { return Kind::letters; }

  Dbi& table(Kind kind) { return tables_[static_cast<std::size_t>(kind)]; }
  void write(Kind kind, RecordId id, Bytes row);
  void erase(Kind kind, const std::vector<RecordId>& ids);

  const std::unique_ptr<DirectoryLock> lock_;
  const std::unique_ptr<Env> env_;
  std::array<Dbi, 4> tables_;
  std::string notice_;
  std::atomic<std::uint64_t> next_ = 1;
};

extern template std::vector<Record<ChangeRow>> Journal::all<ChangeRow>();
extern template std::vector<Record<AliasRow>> Journal::all<AliasRow>();
extern template std::vector<Record<MarkRow>> Journal::all<MarkRow>();
extern template std::vector<Record<LetterRow>> Journal::all<LetterRow>();

}  // namespace cache
