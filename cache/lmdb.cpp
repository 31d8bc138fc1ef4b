#include "cache/lmdb.h"

#include <fcntl.h>
#include <lmdb.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <limits>
#include <string>
#include <utility>

namespace cache {
namespace {

constexpr std::size_t kIdleReaders = 64;  // as many as libfuse threads
constexpr unsigned kFreeTable = 0;        // LMDB's own: transaction -> pages that it freed

[[noreturn]] void fail(int code, const char* what) {
  const auto text = std::string(what) + ": " + mdb_strerror(code);
  switch (code) {
    case MDB_MAP_FULL:
    case MDB_TXN_FULL:
      throw FullError(text);
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
    case EIO:
      throw FullError(text, FullError::Of::disk);
    case MDB_INVALID:
    case MDB_VERSION_MISMATCH:
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_INCOMPATIBLE:
    case EINVAL:
      throw CorruptError(text);
    default:
      throw Error(text);
  }
}

void check(int code, const char* what) {
  if (code != MDB_SUCCESS) fail(code, what);
}

MDB_val value_of(Bytes bytes) {
  // LMDB's values are not const; it does not write to those that it is given.
  return {bytes.size(), const_cast<std::byte*>(bytes.data())};
}

Bytes bytes_in(const MDB_val& value) {
  return {static_cast<const std::byte*>(value.mv_data), value.mv_size};
}

std::optional<Cursor::Entry> move(MDB_cursor* cursor, MDB_val key, MDB_cursor_op operation) {
  MDB_val value{};
  const auto code = mdb_cursor_get(cursor, &key, &value, operation);
  if (code == MDB_NOTFOUND) return std::nullopt;
  check(code, "mdb_cursor_get");
  return Cursor::Entry{bytes_in(key), bytes_in(value)};
}

}  // namespace

Env::Env(const Options& options) {
  check(mdb_env_create(&env_), "mdb_env_create");
  try {
    check(mdb_env_set_mapsize(env_, static_cast<std::size_t>(options.map_size)),
          "mdb_env_set_mapsize");
    check(mdb_env_set_maxdbs(env_, options.max_tables), "mdb_env_set_maxdbs");
    check(mdb_env_set_maxreaders(env_, options.max_readers), "mdb_env_set_maxreaders");
    // NOTLS: a pooled read transaction moves between threads. NOMETASYNC: losing the last commit in
    // a power failure is harmless, as the watermarks are lost with the rows that they cover; losing
    // the order of pages (NOSYNC) would not be. Not NOMEMINIT: heap contents, perhaps a password,
    // would end up in the file.
    const auto flags = MDB_NOTLS | MDB_NOMETASYNC | (options.read_only ? MDB_RDONLY : 0U) |
                       (options.durable ? 0U : MDB_NOSYNC);
    check(mdb_env_open(env_, options.directory.c_str(), flags, 0600), "mdb_env_open");
    // Touching the map behind the end of the file is a SIGBUS, so find out now.
    if (file_size() < used_bytes()) throw CorruptError("data.mdb is cut off");
  } catch (...) {
    mdb_env_close(env_);
    throw;
  }
}

Env::~Env() {
  idle_.with([](std::vector<MDB_txn*>& idle) {
    for (auto* txn : idle) mdb_txn_abort(txn);
  });
  mdb_env_close(env_);
}

void Env::sync() const {
  check(mdb_env_sync(env_, 1), "mdb_env_sync");
}

std::uint64_t Env::used_bytes() const {
  MDB_envinfo info{};
  MDB_stat stat{};
  check(mdb_env_info(env_, &info), "mdb_env_info");
  check(mdb_env_stat(env_, &stat), "mdb_env_stat");
  return (std::uint64_t{info.me_last_pgno} + 1) * stat.ms_psize;
}

std::uint64_t Env::file_size() const {
  mdb_filehandle_t file = -1;
  check(mdb_env_get_fd(env_, &file), "mdb_env_get_fd");
  struct stat status {};
  if (::fstat(file, &status) != 0) fail(errno, "fstat of data.mdb");
  return static_cast<std::uint64_t>(status.st_size);
}

/// LMDB does not write pages that a transaction took and gave back, so the file may end before the
/// last page that is in use by its count. Filling it up makes a short file mean damage.
void Env::cover_used_pages() const noexcept {
  try {
    const auto used = used_bytes();
    mdb_filehandle_t file = -1;
    if (file_size() >= used || mdb_env_get_fd(env_, &file) != MDB_SUCCESS) return;
    [[maybe_unused]] const auto result = ::ftruncate(file, static_cast<off_t>(used));
  } catch (const Error&) {
    // The commit itself is done; at worst the next open finds the file short and starts empty.
  }
}

bool Env::has_room(std::uint64_t bytes, Room when) const {
  MDB_envinfo info{};
  check(mdb_env_info(env_, &info), "mdb_env_info");
  const auto used = used_bytes();
  const auto behind = info.me_mapsize > used ? info.me_mapsize - used : 0;
  return behind >= bytes || has_room_inside(bytes - behind, when);
}

bool Env::has_room_inside(std::uint64_t bytes, Room when) const {
  return room_inside(bytes, when) >= bytes;
}

Env::Size Env::size() const {
  constexpr auto kAll = std::numeric_limits<std::uint64_t>::max();
  return {.file = file_size(), .pages = used_bytes(), .free = room_inside(kAll, Room::later)};
}

void Env::copy_compacted(const std::filesystem::path& file) const {
  // Not mdb_env_copy2, which makes a file that others can read, and does not wait for the disk.
  const int fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) fail(errno, "open of the copy");
  auto code = mdb_env_copyfd2(env_, fd, MDB_CP_COMPACT);
  if (code == MDB_SUCCESS && ::fsync(fd) != 0) code = errno;
  ::close(fd);
  check(code, "mdb_env_copyfd2");
}

/// Octets of free pages, counted until there are enough.
std::uint64_t Env::room_inside(std::uint64_t enough, Room when) const {
  MDB_envinfo info{};
  MDB_stat stat{};
  check(mdb_env_info(env_, &info), "mdb_env_info");
  check(mdb_env_stat(env_, &stat), "mdb_env_stat");
  const std::uint64_t page = stat.ms_psize;
  std::uint64_t room = 0;
  const ReadTxn txn(*this);
  Cursor cursor(txn, Dbi{kFreeTable});
  for (auto entry = cursor.first(); entry && room < enough; entry = cursor.next()) {
    std::size_t freed_by = 0;
    if (entry->key.size() != sizeof freed_by) throw CorruptError("the list of free pages is odd");
    std::memcpy(&freed_by, entry->key.data(), sizeof freed_by);
    if (when == Room::for_next_txn && freed_by >= info.me_last_txnid) break;
    std::size_t pages = 0;  // each value is a list of page numbers that begins with its length
    if (entry->value.size() < sizeof pages) throw CorruptError("the list of free pages is cut off");
    std::memcpy(&pages, entry->value.data(), sizeof pages);
    room += pages * page;
  }
  return room;
}

std::optional<Bytes> Txn::get(Dbi table, Bytes key) const {
  auto wanted = value_of(key);
  MDB_val value{};
  const auto code = mdb_get(txn_, table.value, &wanted, &value);
  if (code == MDB_NOTFOUND) return std::nullopt;
  check(code, "mdb_get");
  return bytes_in(value);
}

std::optional<Dbi> Txn::find_table(const char* name) const {
  Dbi table;
  const auto code = mdb_dbi_open(txn_, name, 0, &table.value);
  if (code == MDB_NOTFOUND) return std::nullopt;
  check(code, "mdb_dbi_open");
  return table;
}

Txn::TableSize Txn::size_of(Dbi table) const {
  MDB_stat stat{};
  check(mdb_stat(txn_, table.value, &stat), "mdb_stat");
  const std::uint64_t pages = stat.ms_branch_pages + stat.ms_leaf_pages + stat.ms_overflow_pages;
  return {.entries = stat.ms_entries, .bytes = pages * stat.ms_psize};
}

ReadTxn::ReadTxn(const Env& env) : env_(env) {
  txn_ = env.idle_.with([](std::vector<MDB_txn*>& idle) -> MDB_txn* {
    if (idle.empty()) return nullptr;
    auto* txn = idle.back();
    idle.pop_back();
    return txn;
  });
  if (txn_ != nullptr) {
    if (mdb_txn_renew(txn_) == MDB_SUCCESS) return;
    mdb_txn_abort(std::exchange(txn_, nullptr));
  }
  check(mdb_txn_begin(env.env_, nullptr, MDB_RDONLY, &txn_), "mdb_txn_begin");
}

ReadTxn::~ReadTxn() {
  mdb_txn_reset(txn_);
  const auto kept = env_.idle_.with([this](std::vector<MDB_txn*>& idle) {
    if (idle.capacity() == 0) idle.reserve(kIdleReaders);
    if (idle.size() == kIdleReaders) return false;
    idle.push_back(txn_);
    return true;
  });
  if (!kept) mdb_txn_abort(txn_);
}

WriteTxn::WriteTxn(const Env& env) : env_(env) {
  check(mdb_txn_begin(env.env_, nullptr, 0, &txn_), "mdb_txn_begin");
}

WriteTxn::~WriteTxn() {
  if (txn_ != nullptr) mdb_txn_abort(txn_);
}

Dbi WriteTxn::open_table(const char* name) {
  Dbi table;
  check_write(mdb_dbi_open(txn_, name, MDB_CREATE, &table.value), "mdb_dbi_open");
  return table;
}

bool WriteTxn::is_blank() {
  Dbi names;
  check_write(mdb_dbi_open(txn_, nullptr, 0, &names.value), "mdb_dbi_open");
  MDB_stat stat{};
  check(mdb_stat(txn_, names.value, &stat), "mdb_stat");
  return stat.ms_entries == 0;
}

void WriteTxn::put(Dbi table, Bytes key, Bytes value) {
  auto where = value_of(key);
  auto what = value_of(value);
  check_write(mdb_put(txn_, table.value, &where, &what, 0), "mdb_put");
  written_ += key.size() + value.size();
}

bool WriteTxn::erase(Dbi table, Bytes key) {
  auto where = value_of(key);
  const auto code = mdb_del(txn_, table.value, &where, nullptr);
  if (code == MDB_NOTFOUND) return false;
  check_write(code, "mdb_del");
  return true;
}

void WriteTxn::commit() {
  check(mdb_txn_commit(std::exchange(txn_, nullptr)), "mdb_txn_commit");
  env_.cover_used_pages();
}

void WriteTxn::require_intact() const {
  check(failure_, "an earlier write of this transaction");
}

void WriteTxn::require_growth() const {
  if (!may_grow_) throw FullError("the database is full up to its reserve");
}

void WriteTxn::require_room_for_bodies() const {
  require_growth();
  if (!may_store_bodies_) throw FullError("the disk is too full for another message");
}

void WriteTxn::check_write(int code, const char* what) {
  if (code != MDB_SUCCESS && failure_ == 0) failure_ = code;
  check(code, what);
}

Cursor::Cursor(const Txn& txn, Dbi table) {
  check(mdb_cursor_open(txn.txn_, table.value, &cursor_), "mdb_cursor_open");
}

Cursor::~Cursor() {
  mdb_cursor_close(cursor_);
}

std::optional<Cursor::Entry> Cursor::first() {
  return move(cursor_, {}, MDB_FIRST);
}

std::optional<Cursor::Entry> Cursor::last() {
  return move(cursor_, {}, MDB_LAST);
}

std::optional<Cursor::Entry> Cursor::next() {
  return move(cursor_, {}, MDB_NEXT);
}

std::optional<Cursor::Entry> Cursor::previous() {
  return move(cursor_, {}, MDB_PREV);
}

std::optional<Cursor::Entry> Cursor::at_or_after(Bytes key) {
  return move(cursor_, value_of(key), MDB_SET_RANGE);
}

std::optional<Cursor::Entry> Cursor::before(Bytes key) {
  return at_or_after(key) ? previous() : last();
}

void Cursor::erase(WriteTxn& txn) {
  txn.check_write(mdb_cursor_del(cursor_, 0), "mdb_cursor_del");
}

}  // namespace cache
