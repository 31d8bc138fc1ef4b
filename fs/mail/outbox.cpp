#include "fs/mail/outbox.h"

#include "fs/mail/errors.h"
#include "imap/base/errors.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <memory>
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

Outbox::Outbox(Backing backing, const Parts& parts)
    : backing_(std::move(backing)),
      folders_(parts.folders),
      changes_(parts.changes),
      pending_(parts.pending),
      outgoing_(parts.outgoing),
      appender_(parts.appender),
      refusals_(parts.refusals),
      compare_(parts.compare),
      context_{backing_,
               parts.folders,
               parts.changes,
               parts.pending,
               parts.aliases,
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
      const auto work = next_work();
      if (!work) break;
      reached = send(*work, stop);
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

std::optional<Outbox::Work> Outbox::next_work() {
  if (auto changes = pending_.take(kMost)) return work_of(std::move(*changes));
  if (auto letters = outgoing_.take()) return work_of(std::move(*letters));
  return std::nullopt;
}

Outbox::Work Outbox::work_of(Pending::Batch batch) {
  const auto shared = std::make_shared<const Pending::Batch>(std::move(batch));
  return {shared->mailbox, "change",
          [this, shared](imap::Session& session) {
            Dispatch(context_, session, shared->mailbox).run(shared->changes);
          },
          [this, shared](const std::exception_ptr& error) {
            std::vector<PendingChange> left;
            std::ranges::copy_if(
                shared->changes, std::back_inserter(left),
                [this](const PendingChange& change) { return pending_.has(change.id); });
            refused(left, error);
          },
          [this, shared] { pending_.put_back(ids_of(shared->changes)); },
          // UIDs mean nothing there.
          [] {
            return false;
          }};
}

/// Deleted and made anew by somebody else a mailbox is still the one of that name, with other UIDs.
void Outbox::retarget(Outgoing::Batch& batch) const {
  const auto tree = folders_.tree();
  if (tree->find(batch.mailbox) != nullptr) return;
  const auto* folder = tree->find_wire(batch.letters.front().wire_name);
  if (folder == nullptr || !folder->selectable) return;
  batch.mailbox = folder->id;
  for (auto& letter : batch.letters) {
    letter.mail.mailbox = folder->id;
    if (letter.mail.doubtful_from) letter.mail.doubtful_from = imap::Uid{1};
  }
}

Outbox::Work Outbox::work_of(Outgoing::Batch batch) {
  retarget(batch);
  const auto shared = std::make_shared<Outgoing::Batch>(std::move(batch));
  return {shared->mailbox,
          "store messages in",
          [this, shared](imap::Session& session) {
            std::vector<NewMail> mails;
            for (const auto& letter : shared->letters) mails.push_back(letter.mail);
            const auto tell = [&](std::size_t index, const Delivery::Outcome& outcome) {
              ended(shared->letters[index], outcome);
            };
            try {
              appender_.bring_all(session, mails, tell);
            } catch (...) {
              for (std::size_t at = 0; at < mails.size(); ++at) {
                shared->letters[at].mail.doubtful_from = mails[at].doubtful_from;
              }
              throw;
            }
          },
          [this, shared](const std::exception_ptr& error) {
            for (const auto& letter : shared->letters) {
              if (outgoing_.has(letter.id)) ended(letter, {{}, error, letter.mail.doubtful_from});
            }
          },
          [this, shared] { outgoing_.put_back(*shared); },
          [this, shared] {
            const auto* folder = folders_.tree()->find_wire(shared->letters.front().wire_name);
            if (folder == nullptr || !folder->selectable) return false;
            // Nobody has noticed yet.
            if (folder->id == shared->mailbox) compare_(folder->id);
            return true;
          }};
}

bool Outbox::send(const Work& work, const std::stop_token& stop) {
  std::exception_ptr error;
  try {
    imap::JobSpec spec;
    spec.mailbox = folders_.wire_name(work.mailbox);
    // What a lost connection has cut off is looked at before anything is done again.
    spec.repeat = imap::Repeat::never;
    spec.what = work.what + " " + spec.mailbox;
    const auto ticket = backing_.pool.run(std::move(spec), work.job);
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
    if (!work.goes_by_name()) {
      work.give_up(std::current_exception());
      return true;
    }
    error = std::current_exception();
  } catch (const imap::CommandError&) {
    if (++attempts_ >= kMostAttempts) {
      attempts_ = 0;
      work.give_up(std::current_exception());
      return true;
    }
    error = std::current_exception();
  } catch (...) {
    error = std::current_exception();
  }
  work.put_back();
  // One that was merely cut off is tried again at once, and nobody needs to know.
  state_.with([&](State& state) {
    if (rest_ > kFirstRest || is_offline(error)) state.trouble = error;
  });
  changed_.notify_all();
  return false;
}

void Outbox::ended(const Letter& letter, const Delivery::Outcome& outcome) {
  // Before it ends: a barrier that waits for that has to find it.
  if (outcome.error) {
    const auto tree = folders_.tree();
    const auto* folder = tree->find(letter.mail.mailbox);
    refusals_.add({{0,
                    folder == nullptr ? "a folder that is gone" : folder->wire_name,
                    0,
                    "store",
                    {},
                    letter.mail.name}},
                  outcome.error);
  }
  outgoing_.ended(letter, outcome);
}

void Outbox::refused(const std::vector<PendingChange>& some, const std::exception_ptr& error) {
  if (some.empty()) return;
  std::vector<Refusal> refusals;
  refusals.reserve(some.size());
  for (const auto& change : some) {
    const auto& message = change.row.message;
    refusals.push_back({0, message.mailbox, message.uid, what_of(change.row)});
  }
  // Before the changes end: a barrier that waits for that has to find it.
  refusals_.add(std::move(refusals), error);
  pending_.ended(ids_of(some));
  tell_of_names(changes_, some);
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
  const auto change = pending_.last();
  const auto letter = outgoing_.last();
  if (change.value == 0 && letter.value == 0) return;
  await(
      [&](imap::Deadline deadline) {
        return pending_.wait_ended(change, deadline, interrupt) &&
               outgoing_.wait_ended(letter, deadline, interrupt);
      },
      interrupt);
}

void Outbox::finish(const MessageKey& key, Interrupt& interrupt) {
  await([&](imap::Deadline deadline) { return pending_.wait_ended(key, deadline, interrupt); },
        interrupt);
}

void Outbox::finish(cache::RecordId letter, Interrupt& interrupt) {
  await([&](imap::Deadline deadline) { return outgoing_.wait_ended(letter, deadline, interrupt); },
        interrupt);
}

void Outbox::sync(Interrupt& interrupt) {
  settle(interrupt);
  if (const auto error = refusals_.take_first()) std::rethrow_exception(error);
}

}  // namespace fs
