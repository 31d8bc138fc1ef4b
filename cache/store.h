#pragma once
/// The local copy of what the server has: mailboxes, messages and bodies in one LMDB database. It
/// may be deleted at any time without losing mail. Open it after the last fork, once for each
/// directory. Everything here may be called from any thread.

#include "cache/directory.h"
#include "cache/edit.h"
#include "cache/lmdb.h"
#include "cache/statistics.h"
#include "cache/writer.h"

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace cache {

class Store {
 public:
  struct Options {
    std::filesystem::path directory;
    std::uint64_t body_limit_bytes = 0;
    /// The most that the file can grow to. 0: enough for the limit and for millions of rows; the
    /// file takes only what it holds.
    std::uint64_t map_size = 0;
    /// Bodies that were not used for more days than these leave. 0: never.
    std::uint32_t max_age_days = 0;
    /// So much of the disk stays free. Nothing: 1 GiB or a twentieth, whichever is less.
    std::optional<std::uint64_t> min_free = {};
    /// What other processes are told that this one uses the directory for, see DirectoryLock.
    std::string purpose = {};
    /// Told in words for people when the disk is too full for the cache, and when that is over. On
    /// the writer thread; must not throw.
    std::function<void(const std::string&)> on_disk_change = {};
    /// The clock and the disk, for tests.
    std::function<std::uint32_t()> today = cache::today;
    std::function<std::optional<DiskGuard::Space>()> space = {};
  };

  /// Makes what is missing, for the user only. A database that is damaged, full, or of another
  /// version is deleted, and `notice` says so. Throws LockedError while another process uses the
  /// directory, and Error when the directory cannot be used at all.
  static std::unique_ptr<Store> open(const Options& options);
  /// Waits for what was submitted. No other thread may use the store any more.
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  /// Why the cache was started empty, in words for the log; empty when it was not.
  const std::string& notice() const { return notice_; }

  /// Runs `use(const View&)` on the last commit and returns what it returns, which must not point
  /// into the view. Readers wait neither for each other nor for the writer. Not to be held across
  /// network I/O. Throws what `use` throws. A damaged message or body is not there, and is erased
  /// so that it is fetched again.
  template <class Use>
  auto read(Use&& use) const {
    try {
      const ReadTxn txn(*env_);
      Damage damage;
      const View view(txn, tables_, &damage);
      const Mending mending{*this, damage};
      return std::forward<Use>(use)(view);
    } catch (const CorruptError&) {
      note_damage();
      throw;
    }
  }

  /// Queues `work(Edit&)` for the writer thread, which commits works in the order of submission,
  /// many in one transaction. Then `done` runs on the writer thread: with null when the work is
  /// committed, with the error when it failed and left no trace; what it throws is ignored.
  /// `work` may run more than once before it is committed, with the effects of earlier runs undone:
  /// it must not move out of what it captured.
  void submit(std::function<void(Edit&)> work, std::function<void(std::exception_ptr)> done = {});
  /// Submits and waits; throws what the work threw. Throws Error at once on the writer thread,
  /// which would wait for itself.
  void run(std::function<void(Edit&)> work);

  Statistics statistics() const;

  /// A number that no body ever had in this database.
  BodyId new_body_id();
  /// Says that the body was read, so that it is evicted later. Cheap: written with a later commit.
  void touch(BodyId body);

 private:
  struct Opened;
  struct Mending {
    const Store& store;
    const Damage& damage;
    ~Mending() {
      if (damage.found()) store.mend(damage);
    }
  };

  Store(const Options& options, std::unique_ptr<DirectoryLock> lock, Opened opened,
        std::string notice);

  static Opened open_database(const Options& options);
  void mend(const Damage& damage) const noexcept;
  void note_damage() const noexcept;

  const std::filesystem::path directory_;
  const std::string notice_;
  const std::unique_ptr<DirectoryLock> lock_;
  const std::unique_ptr<Env> env_;
  const Tables tables_;
  std::atomic<std::uint64_t> next_body_;
  mutable std::atomic<bool> damaged_ = false;
  mutable Writer writer_;  // readers report damage to it; last: its thread uses the above
};

}  // namespace cache
