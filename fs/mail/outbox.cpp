#include "fs/mail/outbox.h"

#include "fs/mail/errors.h"
#include "imap/base/errors.h"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <iterator>
#include <set>
#include <utility>

namespace fs {
namespace {

using Kind = cache::ChangeRow::Kind;
using Clock = imap::Deadline::Clock;

/// More changes often come right behind the first one: so long after the last one, and after the
/// first one at most.
constexpr std::chrono::milliseconds kQuiet{10};
constexpr std::chrono::milliseconds kGather{80};
/// Messages in one batch.
constexpr std::size_t kMost = 1000;
/// How long to leave a server alone that does not do it, unless somebody knows better: doubling.
constexpr std::chrono::milliseconds kFirstRest{100};
constexpr std::chrono::milliseconds kLongestRest{10'000};
constexpr std::chrono::seconds kLook{1};
/// How often a server may put the same changes off.
constexpr int kMostAttempts = 3;

std::string reason_of(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& known) {
    return known.what();
  }
}

std::string what_of(const cache::ChangeRow& row) {
  switch (row.kind) {
    case Kind::flags:
      return "change the flags";
    case Kind::remove:
      return "remove";
    case Kind::move:
      break;
  }
  return "move to " + row.target;
}

bool is_offline(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const imap::OfflineError&) {
    return true;
  } catch (...) {
    return false;
  }
}

}  // namespace

Outbox::Outbox(Backing backing, Folders& folders, Changes& changes, Pending& pending,
               Aliases& aliases)
    : backing_(std::move(backing)),
      folders_(folders),
      changes_(changes),
      pending_(pending),
      context_{backing_,
               folders,
               changes,
               pending,
               aliases,
               [this](const auto& some, const std::exception_ptr& error) { refused(some, error); },
               [this](const MessageKey& from, const MessageKey& to) {
                 if (on_moved_) on_moved_(from, to);
               }},
      rest_(kFirstRest) {}

Outbox::~Outbox() {
  thread_.request_stop();
  changed_.notify_all();
}

void Outbox::start(OnMoved on_moved) {
  on_moved_ = std::move(on_moved);
  const auto homeless = pending_.load(*folders_.tree());
  std::vector<PendingChange> lost;
  lost.reserve(homeless.size());
  for (const auto& row : homeless) lost.push_back({{}, row, {}, {}});
  if (!lost.empty()) {
    refused(lost, std::make_exception_ptr(NotFoundError("the folder is gone")));
  }
  thread_ = std::jthread([this](const std::stop_token& stop) { loop(stop); });
}

void Outbox::wake() {
  state_.with([](State& state) {
    ++state.woken;
    state.trouble = nullptr;
  });
  changed_.notify_all();
}

void Outbox::gather(const std::stop_token& stop, std::uint64_t& seen) {
  state_.with_lock([&](State& state, std::unique_lock<std::mutex>& lock) {
    changed_.wait(lock, stop, [&] { return state.woken != seen; });
    const auto end = Clock::now() + kGather;
    while (state.woken != seen && Clock::now() < end && !stop.stop_requested()) {
      seen = state.woken;
      changed_.wait_until(lock, stop, std::min(end, Clock::now() + kQuiet),
                          [&] { return state.woken != seen; });
    }
    seen = state.woken;
  });
}

void Outbox::loop(const std::stop_token& stop) {
  std::uint64_t seen = state_.with([](const State& state) { return state.woken; });
  while (!stop.stop_requested()) {
    bool reached = true;
    while (reached && !stop.stop_requested()) {
      auto batch = pending_.take(kMost);
      if (!batch) break;
      reached = send(*batch, stop);
    }
    if (reached) {
      rest_ = kFirstRest;
      gather(stop, seen);
      continue;
    }
    state_.with_lock([&](State& state, std::unique_lock<std::mutex>& lock) {
      changed_.wait_for(lock, stop, rest_, [&] { return state.woken != seen; });
      seen = state.woken;
    });
    rest_ = std::min(2 * rest_, kLongestRest);
  }
}

bool Outbox::send(const Pending::Batch& batch, const std::stop_token& stop) {
  std::exception_ptr error;
  try {
    imap::JobSpec spec;
    spec.mailbox = folders_.wire_name(batch.mailbox);
    // What a lost connection has cut off is looked at before anything is done again.
    spec.repeat = imap::Repeat::never;
    spec.what = "change " + spec.mailbox;
    const auto ticket = backing_.pool.run(
        std::move(spec),
        [this, mailbox = batch.mailbox, changes = batch.changes](imap::Session& session) {
          Dispatch(context_, session, mailbox).run(changes);
        });
    while (!ticket.wait_until(imap::Deadline(Clock::now() + kLook), stop)) {
      // Whatever it did is found out by the next mount.
      if (stop.stop_requested()) return false;
    }
    ticket.on_done([&error](const std::exception_ptr& outcome) { error = outcome; });
    if (!error) {
      attempts_ = 0;
      return true;
    }
    std::rethrow_exception(error);
  } catch (const StaleError&) {
    give_up(batch, std::current_exception());
    return true;
  } catch (const imap::CommandError&) {
    if (++attempts_ >= kMostAttempts) {
      attempts_ = 0;
      give_up(batch, std::current_exception());
      return true;
    }
    error = std::current_exception();
  } catch (...) {
    error = std::current_exception();
  }
  pending_.put_back(ids_of(batch.changes));
  // One that was merely cut off is tried again at once, and nobody needs to know.
  state_.with([&](State& state) {
    if (rest_ > kFirstRest || is_offline(error)) state.trouble = error;
  });
  changed_.notify_all();
  return false;
}

void Outbox::give_up(const Pending::Batch& batch, const std::exception_ptr& error) {
  std::vector<PendingChange> left;
  std::ranges::copy_if(batch.changes, std::back_inserter(left),
                       [this](const PendingChange& change) { return pending_.has(change.id); });
  refused(left, error);
}

void Outbox::refused(const std::vector<PendingChange>& some, const std::exception_ptr& error) {
  if (some.empty()) return;
  const auto reason = reason_of(error);
  const auto now = std::time(nullptr);
  // Before the changes end: a barrier that waits for that has to find it.
  state_.with([&](State& state) {
    if (!state.first_error) state.first_error = error;
    for (const auto& change : some) {
      const auto& row = change.row;
      state.refusals.push_back({now, row.message.mailbox, row.message.uid, what_of(row), reason});
      if (state.refusals.size() > kMostRefusals) state.refusals.pop_front();
    }
  });
  if (backing_.settings.on_refused) {
    const auto& row = some.front().row;
    backing_.settings.on_refused(fmt::format(
        "cannot {} message {} of {}{}: {}", what_of(row), row.message.uid, row.message.mailbox,
        some.size() > 1 ? fmt::format(" and {} more", some.size() - 1) : "", reason));
  }
  pending_.ended(ids_of(some));
  for (const auto& change : some) {
    if (change.target.value == 0) continue;
    changes_.name_gone(change.target, change.row.name);
  }
  std::set<cache::MailboxId> back;
  for (const auto& change : some) back.insert(change.mailbox);
  for (const auto mailbox : back) changes_.arrived(mailbox);
}

void Outbox::await(const std::function<bool(imap::Deadline)>& ended, Interrupt& interrupt) {
  wake();
  const auto patience = backing_.patience();
  while (!ended(imap::Deadline(Clock::now() + kQuiet))) {
    if (interrupt.token().stop_requested()) throw imap::CancelledError("interrupted");
    if (const auto trouble = state_.with([](const State& state) { return state.trouble; })) {
      std::rethrow_exception(trouble);
    }
    if (patience.deadline().expired()) {
      throw imap::TimeoutError("the server has not confirmed all changes in time");
    }
  }
}

void Outbox::settle(Interrupt& interrupt) {
  const auto last = pending_.last();
  if (last.value == 0) return;
  await([&](imap::Deadline deadline) { return pending_.wait_ended(last, deadline, interrupt); },
        interrupt);
}

void Outbox::finish(const MessageKey& key, Interrupt& interrupt) {
  await([&](imap::Deadline deadline) { return pending_.wait_ended(key, deadline, interrupt); },
        interrupt);
}

void Outbox::sync(Interrupt& interrupt) {
  settle(interrupt);
  const auto error =
      state_.with([](State& state) { return std::exchange(state.first_error, nullptr); });
  if (error) std::rethrow_exception(error);
}

std::vector<Refusal> Outbox::refusals() const {
  return state_.with([](const State& state) {
    return std::vector<Refusal>(state.refusals.begin(), state.refusals.end());
  });
}

}  // namespace fs
