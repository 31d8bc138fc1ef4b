#pragma once
/// The only thread that writes. It commits works in the order of submission, many in one
/// transaction, and does the chores in the same transaction: it notes which bodies were read,
/// evicts what exceeds the limit or was not used for too long, sweeps the rows of erased mailboxes.
/// A work that fails takes no other one with it. Owned by Store.

#include "cache/disk_guard.h"
#include "cache/edit.h"
#include "cache/synchronized.h"

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <optional>
#include <thread>
#include <unordered_map>
#include <vector>

namespace cache {

class Writer {
 public:
  using Work = std::function<void(Edit&)>;
  using Done = std::function<void(std::exception_ptr)>;

  struct Options {
    std::uint64_t body_limit_bytes = 0;
    std::uint64_t reserve_bytes = 0;  // of the map, kept free so that evicting always finds pages
    std::uint64_t next_use = 0;       // where to go on counting uses
    std::uint32_t max_age_days = 0;   // bodies that were not used for longer leave; 0: never
    std::function<std::uint32_t()> today = cache::today;
    DiskGuard::Options disk;
    std::function<void()> on_corrupt;  // called on the writer thread; must not throw
  };

  /// `env` and `tables` must outlive the writer.
  Writer(const Env& env, const Tables& tables, Options options);
  /// Runs what was submitted before, then ends the thread.
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  /// Any thread.
  void submit(Work work, Done done);
  void touch(BodyId body);
  bool is_this_thread() const { return std::this_thread::get_id() == thread_.get_id(); }

 private:
  struct Job {
    Work work;
    Done done;
  };
  struct Inbox {
    std::deque<Job> jobs;
    bool nudged = false;
    bool stopping = false;
  };
  struct Touches {
    std::unordered_map<std::uint64_t, std::uint64_t> last;  // body -> when, by `count`
    std::uint64_t count = 0;
  };
  enum class Chores { with, without };
  struct Attempt {
    enum class End { committed, job_failed, commit_failed, chores_failed };
    End end = End::committed;
    std::size_t jobs = 0;       // that ran without an error
    std::uint64_t written = 0;  // by the last job
    std::exception_ptr error;
  };
  struct Freed {
    std::uint64_t body_bytes = 0;
    bool anything = false;
    bool more = false;
  };

  void loop() noexcept;
  bool take_jobs();
  void write_some();
  Attempt attempt(std::size_t limit, Chores chores);
  void run_jobs(WriteTxn& txn, std::size_t limit, Attempt& result);
  void take_touches();
  void tidy(WriteTxn& txn, BodyEdit& bodies, std::uint64_t batch_begin);
  Freed free_some(WriteTxn& txn, BodyEdit& bodies, std::uint64_t bytes, std::uint64_t used_before);
  bool evict_aged(BodyEdit& bodies);
  void resize_slice(bool it_was_too_large);
  bool make_room(std::uint64_t wanted);
  void finish(std::size_t first, std::size_t count, const std::exception_ptr& error);

  const Env& env_;
  const Tables& tables_;
  const Options options_;

  Synchronized<Inbox> inbox_;
  std::condition_variable wake_;
  Synchronized<Touches> touches_;

  // Of the writer thread alone.
  UsageCounter usage_;
  DiskGuard disk_;
  bool disk_is_low_ = false;
  std::optional<std::uint32_t> aged_on_;  // the day on which the last body that was too old left
  std::deque<Job> jobs_;
  std::vector<BodyId> touched_;  // taken out of `touches_` and not committed yet, in order
  bool chores_left_ = true;      // an earlier process may have left some
  std::size_t slice_;            // how many rows to sweep in one transaction

  std::thread thread_;  // last: it uses all of the above
};

}  // namespace cache
