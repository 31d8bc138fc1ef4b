#include "imap/pool/connection_thread.h"

#include "imap/base/errors.h"
#include "imap/session/session.h"

#include <algorithm>
#include <exception>

namespace imap {

ConnectionThread::ConnectionThread(Pool& pool, unsigned number) : pool_(pool), number_(number) {}

ConnectionThread::~ConnectionThread() {
  join();
}

void ConnectionThread::start() {
  thread_ = std::thread([this] { loop(); });
}

void ConnectionThread::join() {
  wake();
  if (thread_.joinable()) thread_.join();
}

void ConnectionThread::loop() {
  while (!pool_.is_stopping() && !pool_.abort_.is_signalled()) {
    wake_.clear();
    const bool open = session_ && session_->selected();
    auto next = pool_.next(number_, open ? session_->selected()->name : std::string());
    if (auto* queued = std::get_if<QueuedJob>(&next)) {
      run(std::move(*queued));
    } else if (std::holds_alternative<Schedule::Connect>(next)) {
      connect();
    } else if (const auto* order = std::get_if<Schedule::Watch>(&next)) {
      watch(order->mailbox);
    } else {
      wait();
    }
  }
  if (session_) {
    session_->logout();
    drop_session();
  }
  pool_.ended();
}

void ConnectionThread::connect() {
  show(ConnectionState::Activity::connecting);
  try {
    session_ = pool_.settings_.connect(number_);
  } catch (const std::exception&) {
    show(ConnectionState::Activity::offline);
    pool_.connect_failed(std::current_exception());
    return;
  }
  commanded();
  heard();
  show_waiting();
  pool_.connected(number_, session_->quirks().most_connections);
}

void ConnectionThread::run(QueuedJob queued) {
  // What cut one connection may have cut the others, and a job is run a second time only.
  if (!is_alive(std::max(trusted_since(), queued.cut)) || !leave_mailbox()) {
    drop_session();
    pool_.put_back(std::move(queued));
    return;
  }
  pool_.watches_.with([this](Watches& watches) { watches.is_busy(number_); });
  show(ConnectionState::Activity::running, queued.spec.what);
  queued.ticket.progress();
  session_->on_received([this, ticket = queued.ticket] {
    ticket.progress();
    received_ = session_->received();
  });
  std::exception_ptr outcome;
  bool broken = false;
  bool refused = false;
  try {
    queued.job(*session_);
  } catch (const TimeoutError&) {
    // Whoever waited has waited long enough: a second attempt would take as long again.
    outcome = std::current_exception();
  } catch (const ConnectionError&) {
    outcome = std::current_exception();
    broken = true;
  } catch (const AuthenticationError&) {
    outcome = std::current_exception();
    refused = true;
  } catch (...) {
    outcome = std::current_exception();
  }
  session_->on_received({});
  commanded();
  heard();
  tell();
  if (session_->is_usable()) show_waiting();
  if (session_->is_usable() && session_->is_worn_out()) {
    session_->logout();
    drop_session();
  }
  const bool may_repeat = queued.spec.repeat == Repeat::yes;
  bool again = false;
  if (!session_) {
    // Replaced before the next job.
  } else if (broken || !session_->is_usable()) {
    drop_session();
    if (refused) pool_.connect_failed(outcome);  // the login, as Exchange says it: too late
    again = broken && may_repeat && queued.cut == Schedule::Time::min();
    queued.cut = Deadline::Clock::now();
  } else if (const auto pause = session_->take_pause()) {
    pool_.hold(*pause);
    again = outcome && may_repeat && !std::exchange(queued.throttled, true);
  }
  if (again) {
    pool_.put_back(std::move(queued));
    return;
  }
  queued.job = nullptr;  // what it holds is gone before anybody learns that it has ended
  queued.ticket.finish(outcome);
}

void ConnectionThread::leave(const std::vector<std::string>& mailboxes) {
  leaving_.with([&](auto& leaving) { leaving.insert(mailboxes.begin(), mailboxes.end()); });
  wake();
}

bool ConnectionThread::leave_mailbox() {
  const auto names = leaving_.with([](auto& leaving) { return std::exchange(leaving, {}); });
  if (!session_->selected() || !names.contains(session_->selected()->name)) return true;
  pool_.busy(number_);
  pool_.watches_.with([this](Watches& watches) { watches.is_busy(number_); });
  try {
    session_->unselect();
  } catch (const Error&) {
    // Servers hang up on whoever has a mailbox open that is gone (Dovecot, Cyrus).
  }
  commanded();
  heard();
  tell();
  return session_->is_usable() && !session_->selected();
}

void ConnectionThread::drop_session() noexcept {
  tell();
  session_.reset();
  pool_.disconnected(number_);
  show(ConnectionState::Activity::offline);
}

}  // namespace imap
