#include "cache/writer.h"

#include "cache/eviction.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace cache {
namespace {

// One transaction: large enough that its fsync does not count, small enough that nobody waits long
// for its end.
constexpr std::size_t kBatchJobs = 1024;
constexpr std::uint64_t kBatchBytes = 8 * 1024 * 1024;
// The same while the disk has little room: what goes beyond the free pages lets the file grow.
constexpr std::uint64_t kLowBatchBytes = 512 * 1024;
constexpr std::size_t kLargestSlice = 4096;
// So many touched bodies are worth a transaction of their own.
constexpr std::size_t kManyTouches = 4096;

template <class Expected>
bool is(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const Expected&) {
    return true;
  } catch (...) {
    return false;
  }
}

/// How much of the file is to be free while the disk is too full for the file to grow: room for
/// what is read next, but not the whole cache of someone who has a small disk.
std::uint64_t wanted_inside(std::uint64_t body_bytes) {
  return std::clamp(body_bytes / 4, kLowBatchBytes, 2 * kBatchBytes);
}

bool is_of_disk(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const FullError& full) {
    return full.of() == FullError::Of::disk;
  } catch (...) {
    return false;
  }
}

}  // namespace

Writer::Writer(const Env& env, const Tables& tables, Options options)
    : env_(env),
      tables_(tables),
      options_(std::move(options)),
      usage_(options_.next_use, options_.today),
      disk_(options_.disk),
      slice_(kLargestSlice),
      thread_([this] { loop(); }) {}

Writer::~Writer() {
  inbox_.with([](Inbox& inbox) { inbox.stopping = true; });
  wake_.notify_one();
  thread_.join();
}

void Writer::submit(Work work, Done done) {
  inbox_.with([&](Inbox& inbox) { inbox.jobs.push_back({std::move(work), std::move(done)}); });
  wake_.notify_one();
}

void Writer::touch(BodyId body) {
  const auto many = touches_.with([&](Touches& touches) {
    touches.last[body.value] = ++touches.count;
    return touches.last.size() == kManyTouches;
  });
  if (!many) return;
  inbox_.with([](Inbox& inbox) { inbox.nudged = true; });
  wake_.notify_one();
}

void Writer::loop() noexcept {
  while (take_jobs()) {
    do {
      write_some();
    } while (!jobs_.empty());
  }
  write_some();  // what was read last is remembered over the restart
}

/// Waits for something to do. False when all is done and the writer is to end.
bool Writer::take_jobs() {
  return inbox_.with_lock([this](Inbox& inbox, std::unique_lock<std::mutex>& lock) {
    wake_.wait(lock, [&] {
      return !inbox.jobs.empty() || inbox.nudged || inbox.stopping || chores_left_;
    });
    inbox.nudged = false;
    jobs_.swap(inbox.jobs);  // jobs_ is empty here
    return !jobs_.empty() || !inbox.stopping;
  });
}

/// Commits the first of the jobs, or tells one that it failed.
void Writer::write_some() {
  take_touches();
  auto limit = std::min(kBatchJobs, jobs_.size());
  auto chores = Chores::with;
  bool made_room = false;
  for (;;) {
    const auto result = attempt(limit, chores);
    const bool full = result.error && is<FullError>(result.error);
    if (full && is_of_disk(result.error)) disk_.refused();
    if (result.error && is<CorruptError>(result.error)) options_.on_corrupt();
    const bool one_failed = result.end == Attempt::End::job_failed;
    if (result.end == Attempt::End::committed) {
      touched_.clear();
      if (chores == Chores::with) resize_slice(false);
      finish(0, result.jobs, nullptr);
      return;
    }
    if (result.end == Attempt::End::chores_failed) {
      chores = Chores::without;
      chores_left_ = full && slice_ > 1;
      resize_slice(full);
      touched_.clear();
      continue;
    }
    if (full) {
      // The jobs before it may have taken the room: no job is refused but one that runs alone.
      const auto fewer = one_failed ? result.jobs : result.jobs / 2;
      if (fewer > 0) limit = fewer;
      if (fewer > 0 || (!std::exchange(made_room, true) && make_room(result.written))) continue;
    }
    if (!one_failed) {
      chores_left_ = false;
      // Without any job that ran, the transaction could not even begin.
      finish(0, result.jobs > 0 ? result.jobs : limit, result.error);
      return;
    }
    finish(result.jobs, 1, result.error);
    if (--limit == 0) return;
  }
}

/// One transaction with the first `limit` jobs, or fewer when they write much.
Writer::Attempt Writer::attempt(std::size_t limit, Chores chores) {
  Attempt result;
  result.end = Attempt::End::commit_failed;
  try {
    const bool low = !env_.has_room(options_.reserve_bytes / 2, Env::Room::for_next_txn);
    WriteTxn txn(env_);
    if (low) txn.forbid_growth();
    disk_is_low_ = disk_.is_low();
    if (disk_is_low_ && !env_.has_room_inside(kLowBatchBytes / 2, Env::Room::for_next_txn)) {
      txn.forbid_bodies();
    }
    BodyEdit bodies(txn, tables_, usage_);
    if (chores == Chores::with) {
      result.end = Attempt::End::chores_failed;
      for (const auto body : touched_) bodies.touch(body);
    }
    const auto batch_begin = usage_.next();
    result.end = Attempt::End::job_failed;
    run_jobs(txn, limit, result);
    if (chores == Chores::with) {
      result.end = Attempt::End::chores_failed;
      tidy(txn, bodies, batch_begin);
    }
    result.end = Attempt::End::commit_failed;
    txn.commit();
    result.end = Attempt::End::committed;
  } catch (...) {
    result.error = std::current_exception();
  }
  return result;
}

void Writer::run_jobs(WriteTxn& txn, std::size_t limit, Attempt& result) {
  Edit edit(txn, tables_, usage_);
  const auto begin = txn.written();
  // A transaction ends before the disk is fuller than it may be, give or take the last job.
  const auto most = std::clamp(disk_.headroom(), kLowBatchBytes, kBatchBytes);
  while (result.jobs < limit && txn.written() - begin < most) {
    const auto before = txn.written();
    try {
      jobs_[result.jobs].work(edit);
      txn.require_intact();
    } catch (...) {
      result.written = txn.written() - before;
      throw;
    }
    result.written = txn.written() - before;
    ++result.jobs;
  }
}

void Writer::take_touches() {
  const auto last = touches_.with([](Touches& touches) { return std::exchange(touches.last, {}); });
  std::vector<std::pair<std::uint64_t, std::uint64_t>> in_order;  // when, body
  in_order.reserve(last.size());
  for (const auto& [body, when] : last) in_order.emplace_back(when, body);
  std::ranges::sort(in_order);
  for (const auto& [when, body] : in_order) touched_.push_back(BodyId{body});
}

/// `batch_begin`: the first use that was counted for the jobs of this transaction. What they
/// finished is spared until the next one: those who fetched it shall be able to read it, even if it
/// is larger than the limit.
void Writer::tidy(WriteTxn& txn, BodyEdit& bodies, std::uint64_t batch_begin) {
  const auto total = bodies.total_bytes();
  auto excess = total > options_.body_limit_bytes ? total - options_.body_limit_bytes : 0;
  if (!env_.has_room(options_.reserve_bytes, Env::Room::later)) {
    excess = std::max(excess, options_.reserve_bytes);
  }
  if (const auto wanted = wanted_inside(total);
      disk_is_low_ && !env_.has_room_inside(wanted, Env::Room::later)) {
    excess = std::max(excess, wanted);
  }
  const bool more_aged = evict_aged(bodies);
  chores_left_ = free_some(txn, bodies, excess, batch_begin).more || more_aged;
}

/// Once a day. True when there is more to do.
bool Writer::evict_aged(BodyEdit& bodies) {
  const auto day = usage_.today();
  if (options_.max_age_days == 0 || aged_on_ == day) return false;
  if (evict_unused(bodies, options_.max_age_days, std::max<std::size_t>(slice_ / 4, 1))) {
    return true;
  }
  aged_on_ = day;
  return false;
}

/// Evicts bodies of so many bytes and sweeps rows, within the size of a slice.
Writer::Freed Writer::free_some(WriteTxn& txn, BodyEdit& bodies, std::uint64_t bytes,
                                std::uint64_t used_before) {
  const auto evicted = evict(
      bodies,
      {.bytes = bytes, .used_before = used_before, .bodies = std::max<std::size_t>(slice_ / 4, 1)});
  const auto swept = MailboxEdit(txn, tables_).sweep(slice_);
  return {.body_bytes = evicted.bytes,
          .anything = evicted.bytes > 0 || swept.rows > 0,
          .more = evicted.more || swept.more};
}

/// Erasing needs some pages itself, until the next transactions can use what it freed: where there
/// are few, only little can be erased at once.
void Writer::resize_slice(bool it_was_too_large) {
  slice_ =
      it_was_too_large ? std::max<std::size_t>(slice_ / 8, 1) : std::min(slice_ * 2, kLargestSlice);
}

/// Frees pages so that a write of `wanted` bytes has a chance. False when there was nothing to
/// free.
bool Writer::make_room(std::uint64_t wanted) {
  bool anything = false;
  try {
    auto left = std::max({2 * wanted, meta_number(ReadTxn(env_), tables_, Meta::body_bytes) / 4,
                          disk_is_low_ ? kLowBatchBytes : 0});
    for (bool more = true; more;) {
      try {
        WriteTxn txn(env_);
        BodyEdit bodies(txn, tables_, usage_);
        const auto freed = free_some(txn, bodies, left, usage_.next());
        txn.commit();
        left -= std::min(left, freed.body_bytes);
        anything = anything || freed.anything;
        more = freed.more;
        resize_slice(false);
      } catch (const FullError&) {
        more = slice_ > 1;
        resize_slice(true);
      }
    }
    // Perhaps a transaction shortly before freed enough.
    if (!anything && !env_.has_room(2 * wanted + options_.reserve_bytes / 2, Env::Room::later)) {
      return false;
    }
    // LMDB uses pages again in the next transaction but one after that which freed them.
    WriteTxn txn(env_);
    put_meta_number(txn, tables_, Meta::room, meta_number(txn, tables_, Meta::room) + 1);
    txn.commit();
    return true;
  } catch (const Error&) {
    return false;  // the job that asked for room will say that there is none
  }
}

/// Removes the jobs [first, first + count) and tells them how it ended.
void Writer::finish(std::size_t first, std::size_t count, const std::exception_ptr& error) {
  const auto begin = jobs_.begin() + static_cast<std::ptrdiff_t>(first);
  const auto end = begin + static_cast<std::ptrdiff_t>(count);
  const std::vector<Job> ended(std::make_move_iterator(begin), std::make_move_iterator(end));
  jobs_.erase(begin, end);
  for (const auto& job : ended) {
    try {
      if (job.done) job.done(error);
    } catch (...) {
      // It was told; what it makes of it is not ours.
    }
  }
}

}  // namespace cache
