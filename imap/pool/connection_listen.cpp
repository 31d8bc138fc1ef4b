// What a connection does while it has no job: it listens, and proves from time to time that it
// lives.

#include "imap/base/errors.h"
#include "imap/pool/connection_thread.h"
#include "imap/session/session.h"

#include <poll.h>

#include <algorithm>
#include <array>

namespace imap {
namespace {

/// NATs and firewalls forget a silent connection after five minutes or more, servers after thirty.
/// Where that is so in IDLE, the probes of TCP keep it alive (`dial`).
constexpr std::chrono::milliseconds kKeepAlive = std::chrono::minutes(4);
/// A silence after which a connection is asked before it is used, and how long it may take to
/// answer.
constexpr std::chrono::seconds kTrusted{60};
constexpr std::chrono::seconds kAnswerDue{5};
/// Less than that is the clocks' imprecision.
constexpr std::chrono::milliseconds kSuspension{100};

}  // namespace

void ConnectionThread::wait() {
  const auto deadline = pool_.wake_at(number_);
  if (!session_) {
    sleep(deadline);
    return;
  }
  try {
    if (is_alive(Deadline::Clock::time_point::min()) && leave_mailbox()) {
      if (Deadline(idle_from_).expired()) ask_notify();
      listen(deadline);
    } else {
      drop_session();
    }
  } catch (...) {
    // An idle connection that is lost harms nobody: the next job makes another.
    if (!session_->is_usable()) drop_session();
  }
}

void ConnectionThread::listen(std::optional<Deadline> deadline) {
  const auto mine = turn();
  show_waiting();
  switch (session_->wait(deadline ? std::min(*deadline, mine) : mine, wake_)) {
    case Stream::Wait::readable:
      session_->digest();
      heard();
      tell();
      break;
    case Stream::Wait::timed_out:
      if (!mine.expired()) break;
      // NOTIFY comes first: IDLE would only be left for it.
      if (mine == Deadline(idle_from_) && (ask_notify() || !wants_idle())) break;
      take_turn();
      break;
    case Stream::Wait::woken:
      break;
  }
}

void ConnectionThread::watch(const std::string& mailbox) {
  if (!is_alive(trusted_since()) || !leave_mailbox()) {
    drop_session();
    return;
  }
  show(ConnectionState::Activity::running, "open " + mailbox);
  try {
    const auto& opened = session_->examine(mailbox, Session::Refresh::no);
    MailboxUpdates unknown;
    unknown.mailbox = mailbox;
    unknown.uid_validity = opened.uid_validity;
    unknown.exists_changed = unknown.incomplete = true;
    commanded();
    heard();
    tell();
    Updates updates;
    updates.mailboxes.push_back(std::move(unknown));
    if (pool_.settings_.on_updates) pool_.settings_.on_updates(std::move(updates));
    idle_from_ = last_command_;
  } catch (const CommandError&) {
    commanded();
    pool_.watch_refused();
  } catch (...) {
    if (!session_->is_usable()) drop_session();
  }
}

bool ConnectionThread::may_notify() const {
  return pool_.settings_.on_updates && session_->capabilities().has("NOTIFY");
}

bool ConnectionThread::ask_notify() {
  if (!may_notify() || !pool_.claim_notify(number_)) return false;
  pool_.busy(number_);
  show(ConnectionState::Activity::running, "watch all mailboxes");
  commanded();
  const auto asked = last_command_;
  const bool granted = session_->notify();
  heard();
  if (granted) pool_.watches_.with([&](Watches& watches) { watches.notified(number_, asked); });
  tell(asked);
  return true;
}

bool ConnectionThread::wants_idle() const {
  return pool_.settings_.on_updates && session_->can_idle() &&
         (session_->selected() || session_->is_notifying());
}

Deadline ConnectionThread::turn() const {
  const auto longest = std::min<std::chrono::milliseconds>(pool_.settings_.longest_idle,
                                                           session_->quirks().longest_idle);
  if (session_->is_idling()) return Deadline(last_command_ + longest);
  const Deadline rested(idle_from_);
  if (wants_idle() || (may_notify() && !rested.expired())) return rested;
  return Deadline(last_command_ + std::min(kKeepAlive, longest));
}

void ConnectionThread::take_turn() {
  pool_.busy(number_);
  pool_.watches_.with([this](Watches& watches) { watches.is_busy(number_); });
  commanded();  // also if it is refused, or ended by the server in no time: not again at once
  if (!wants_idle()) {
    if (!session_->answers(Deadline::after(kAnswerDue))) {
      drop_session();
      return;
    }
  } else {
    try {
      session_->idle();
    } catch (const CommandError&) {
      // The session does not ask for it again.
    }
  }
  heard();
  tell();
}

void ConnectionThread::tell(std::optional<Deadline::Clock::time_point> asked) {
  if (!pool_.settings_.on_updates) return;
  received_ = session_->received();
  auto updates = session_->take_updates();
  if (updates.empty() && updates.left.empty()) return;
  const auto since = asked.value_or(Deadline::Clock::now());
  pool_.watches_.with([&](Watches& watches) {
    for (const auto& status : updates.statuses) watches.add_notified(number_, status.first, since);
    for (const auto& name : updates.left) watches.left(number_, name);
    if (!session_->is_notifying()) watches.notify_ended(number_);
  });
  if (!updates.empty()) pool_.settings_.on_updates(std::move(updates));
}

void ConnectionThread::show(ConnectionState::Activity activity, const std::string& what) {
  ConnectionState state{.number = number_, .activity = activity, .what = what};
  if (session_) {
    state.description = session_->description();
    if (session_->selected()) state.mailbox = session_->selected()->name;
  }
  pool_.show(std::move(state));
}

void ConnectionThread::show_waiting() {
  using Activity = ConnectionState::Activity;
  const bool idling = session_->is_idling();
  show(idling ? Activity::idling : Activity::idle);
  const auto& open = session_->selected();
  pool_.watches_.with([&](Watches& watches) {
    watches.listens(number_, open ? open->name : std::string(),
                    open && idling ? std::optional(open->asked) : std::nullopt);
  });
}

void ConnectionThread::sleep(std::optional<Deadline> deadline) const {
  std::array<pollfd, 2> wanted{{{wake_.fd(), POLLIN, 0}, {pool_.abort_.fd(), POLLIN, 0}}};
  ::poll(wanted.data(), wanted.size(), deadline ? deadline->poll_timeout() : -1);
}

Deadline::Clock::time_point ConnectionThread::trusted_since() {
  return Deadline::Clock::now() - kTrusted;
}

bool ConnectionThread::is_alive(Deadline::Clock::time_point heard_since) {
  const bool slept = pool_.settings_.suspended() - suspended_ > kSuspension;
  const bool moved = pool_.network_ != network_;
  const bool silent = last_heard_ < heard_since;
  if (!slept && !moved && !silent) return true;
  pool_.busy(number_);
  pool_.watches_.with([this](Watches& watches) { watches.is_busy(number_); });
  commanded();
  heard();
  try {
    return session_->answers(Deadline::after(kAnswerDue));
  } catch (const Error&) {
    return false;
  }
}

void ConnectionThread::commanded() {
  last_command_ = Deadline::Clock::now();
  idle_from_ = last_command_ + pool_.settings_.idle_after;
}

void ConnectionThread::heard() {
  last_heard_ = Deadline::Clock::now();
  suspended_ = pool_.settings_.suspended();
  network_ = pool_.network_;
}

}  // namespace imap
