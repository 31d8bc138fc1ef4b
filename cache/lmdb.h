#pragma once
/// LMDB as C++ objects: one class for each of its handles, and nothing else in the program names
/// one. Return codes become exceptions: FullError where making room may help, CorruptError where
/// the file is not what it should be, Error for the rest.

#include "cache/bytes.h"
#include "cache/synchronized.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

struct MDB_cursor;
struct MDB_env;
struct MDB_txn;

namespace cache {

/// A table of an environment, good for as long as the environment is open.
struct Dbi {
  unsigned value = 0;
};

/// The open database: `data.mdb` and `lock.mdb` in a directory. Open it after the last fork and
/// only once in a process (LMDB's locks belong to the process). Transactions must be gone before
/// it is.
class Env {
 public:
  struct Options {
    std::filesystem::path directory;
    std::uint64_t map_size = 0;  // the most that the file can grow to
    unsigned max_tables = 16;
    unsigned max_readers = 256;
    bool read_only = false;  // for a look at it beside the process that has it
    /// A commit is on the disk when it returns. Otherwise it survives the end of this process, and
    /// that of the machine once `sync` was called.
    bool durable = true;
  };

  /// Makes the files, for their owner only, when they are missing.
  explicit Env(const Options& options);
  ~Env();
  Env(const Env&) = delete;
  Env& operator=(const Env&) = delete;

  /// Puts all commits onto the disk.
  void sync() const;

  /// Whether there are pages for so many bytes: unused ones at the end of the map, or freed ones
  /// within it. What the last transaction freed can be used by the next but one only.
  enum class Room { for_next_txn, later };
  bool has_room(std::uint64_t bytes, Room when) const;
  /// The same without letting the file grow.
  bool has_room_inside(std::uint64_t bytes, Room when) const;

  /// Octets of `data.mdb`, of its pages that are in use by its own count, and of those among them
  /// that are free: LMDB uses these again and never gives them back to the disk.
  struct Size {
    std::uint64_t file = 0;
    std::uint64_t pages = 0;
    std::uint64_t free = 0;
  };
  Size size() const;
  /// Writes the last commit without free pages to a new file, for its owner only, and onto the
  /// disk.
  void copy_compacted(const std::filesystem::path& file) const;

 private:
  friend class ReadTxn;
  friend class WriteTxn;

  std::uint64_t room_inside(std::uint64_t enough, Room when) const;
  std::uint64_t used_bytes() const;
  std::uint64_t file_size() const;
  void cover_used_pages() const noexcept;

  MDB_env* env_ = nullptr;
  // Finished read transactions, which keep their place in the reader table: renewing one takes no
  // lock of LMDB's.
  mutable Synchronized<std::vector<MDB_txn*>> idle_;
};

/// What can be done in a transaction of either kind. Bytes handed out lie in the map: they are
/// valid until the transaction ends or writes.
class Txn {
 public:
  Txn(const Txn&) = delete;
  Txn& operator=(const Txn&) = delete;

  std::optional<Bytes> get(Dbi table, Bytes key) const;
  /// The table of this name, if there is one. One found by a ReadTxn is good within that only.
  std::optional<Dbi> find_table(const char* name) const;

  struct TableSize {
    std::uint64_t entries = 0;
    std::uint64_t bytes = 0;  // of its pages
  };
  TableSize size_of(Dbi table) const;

 protected:
  friend class Cursor;

  Txn() = default;
  ~Txn() = default;

  MDB_txn* txn_ = nullptr;
};

/// A consistent look at the last commit. Any thread; keep it short, because no page that was freed
/// after it began is used again before it ends.
class ReadTxn : public Txn {
 public:
  explicit ReadTxn(const Env& env);
  ~ReadTxn();

 private:
  const Env& env_;
};

/// One write transaction: committed when asked, otherwise undone. LMDB has a single writer, so keep
/// it short and never hold it across network I/O.
class WriteTxn : public Txn {
 public:
  explicit WriteTxn(const Env& env);
  ~WriteTxn();

  /// The table of this name, made when missing.
  Dbi open_table(const char* name);
  /// Whether the environment has no table at all.
  bool is_blank();

  void put(Dbi table, Bytes key, Bytes value);
  /// False when there was no such key.
  bool erase(Dbi table, Bytes key);
  void commit();

  /// Throws the first error that a write met, even if it was caught since: LMDB can then no longer
  /// commit this transaction.
  void require_intact() const;
  /// From now on `require_growth` throws FullError: what is left is for transactions that erase.
  void forbid_growth() { may_grow_ = false; }
  /// The same for bodies alone, which take nearly all of the disk.
  void forbid_bodies() { may_store_bodies_ = false; }
  void require_room_for_bodies() const;
  /// To be called before something is added.
  void require_growth() const;
  /// Octets handed to `put` so far.
  std::uint64_t written() const { return written_; }

 private:
  friend class Cursor;

  void check_write(int code, const char* what);

  const Env& env_;
  int failure_ = 0;
  bool may_grow_ = true;
  bool may_store_bodies_ = true;
  std::uint64_t written_ = 0;
};

/// A place in a table. Must be gone before its transaction ends. All movements answer nothing when
/// there is no such entry.
class Cursor {
 public:
  struct Entry {
    Bytes key;
    Bytes value;
  };

  Cursor(const Txn& txn, Dbi table);
  ~Cursor();
  Cursor(const Cursor&) = delete;
  Cursor& operator=(const Cursor&) = delete;

  std::optional<Entry> first();
  std::optional<Entry> last();
  std::optional<Entry> next();
  std::optional<Entry> previous();
  std::optional<Entry> at_or_after(Bytes key);
  /// The last entry whose key is less than `key`.
  std::optional<Entry> before(Bytes key);
  /// Removes the entry where the cursor is; `next` then gives the one behind it. `txn` is the
  /// transaction of this cursor.
  void erase(WriteTxn& txn);

 private:
  MDB_cursor* cursor_ = nullptr;
};

}  // namespace cache
