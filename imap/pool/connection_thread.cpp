#include "imap/pool/connection_thread.h"

#include "imap/base/errors.h"
#include "imap/session/session.h"

#include <poll.h>

#include <algorithm>
#include <array>
#include <exception>

namespace imap {
namespace {

/// NATs and firewalls forget a silent connection after five minutes or more, servers after thirty.
constexpr std::chrono::minutes kKeepAlive{4};
/// A silence after which a connection is asked before it is used, and how long it may take to
/// answer.
constexpr std::chrono::seconds kTrusted{60};
constexpr std::chrono::seconds kAnswerDue{5};
/// Less than that is the clocks' imprecision.
constexpr std::chrono::milliseconds kSuspension{100};

}  // namespace

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
    } else {
      wait();
    }
  }
  if (session_) session_->logout();
  session_.reset();
  pool_.ended();
}

void ConnectionThread::connect() {
  try {
    session_ = pool_.settings_.connect(number_);
  } catch (const std::exception&) {
    pool_.connect_failed(std::current_exception());
    return;
  }
  last_command_ = Deadline::Clock::now();
  heard();
  pool_.connected(number_);
}

void ConnectionThread::run(QueuedJob queued) {
  if (!is_alive(Silence::doubtful)) {
    drop_session();
    pool_.put_back(std::move(queued));
    return;
  }
  queued.ticket.progress();
  session_->on_received([ticket = queued.ticket] { ticket.progress(); });
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
  last_command_ = Deadline::Clock::now();
  heard();
  const bool may_repeat = queued.spec.repeat == Repeat::yes;
  bool again = false;
  if (broken || !session_->is_usable()) {
    drop_session();
    if (refused) pool_.connect_failed(outcome);  // the login, as Exchange says it: too late
    again = broken && may_repeat && !std::exchange(queued.repeated, true);
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

void ConnectionThread::wait() {
  const auto deadline = pool_.wake_at(number_);
  if (!session_) {
    sleep(deadline);
    return;
  }
  try {
    if (is_alive(Silence::harmless)) {
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
  const Deadline keep_alive(
      last_command_ + std::min<std::chrono::seconds>(kKeepAlive, session_->quirks().longest_idle));
  switch (session_->wait(deadline ? std::min(*deadline, keep_alive) : keep_alive, wake_)) {
    case Stream::Wait::readable:
      session_->digest();
      heard();
      break;
    case Stream::Wait::timed_out:
      if (!keep_alive.expired()) break;
      pool_.busy(number_);
      last_command_ = Deadline::Clock::now();  // also if it is refused: not again at once
      if (!session_->answers(Deadline::after(kAnswerDue))) drop_session();
      break;
    case Stream::Wait::woken:
      break;
  }
}

void ConnectionThread::sleep(std::optional<Deadline> deadline) const {
  std::array<pollfd, 2> wanted{{{wake_.fd(), POLLIN, 0}, {pool_.abort_.fd(), POLLIN, 0}}};
  ::poll(wanted.data(), wanted.size(), deadline ? deadline->poll_timeout() : -1);
}

bool ConnectionThread::is_alive(Silence silence) {
  const bool slept = pool_.settings_.suspended() - suspended_ > kSuspension;
  const bool moved = pool_.network_ != network_;
  const bool silent =
      silence == Silence::doubtful && Deadline::Clock::now() - last_heard_ > kTrusted;
  if (!slept && !moved && !silent) return true;
  pool_.busy(number_);
  last_command_ = Deadline::Clock::now();
  heard();
  try {
    return session_->answers(Deadline::after(kAnswerDue));
  } catch (const Error&) {
    return false;
  }
}

void ConnectionThread::heard() {
  last_heard_ = Deadline::Clock::now();
  suspended_ = pool_.settings_.suspended();
  network_ = pool_.network_;
}

void ConnectionThread::drop_session() noexcept {
  session_.reset();
  pool_.disconnected(number_);
}

}  // namespace imap
