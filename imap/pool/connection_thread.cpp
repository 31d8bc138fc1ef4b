#include "imap/pool/connection_thread.h"

#include "imap/base/errors.h"
#include "imap/session/session.h"

#include <poll.h>

#include <array>
#include <exception>

namespace imap {
namespace {

/// NATs and firewalls forget a silent connection after five minutes or more, servers after thirty.
constexpr std::chrono::minutes kKeepAlive{4};

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
  while (!pool_.abort_.is_signalled()) {
    wake_.clear();
    const bool open = session_ && session_->selected();
    const auto has_session = session_ ? Pool::HasSession::yes : Pool::HasSession::no;
    const auto mailbox = open ? session_->selected()->name : std::string();
    if (auto queued = pool_.take(number_, has_session, mailbox)) {
      run(*queued);
      continue;
    }
    wait();
  }
  if (session_) session_->logout();
}

void ConnectionThread::connect() {
  if (session_) return;
  try {
    session_ = pool_.settings_.connect(number_);
  } catch (const std::exception& error) {
    if (!pool_.abort_.is_signalled()) pool_.connect_failed(std::current_exception(), error.what());
    throw;
  }
  last_used_ = Deadline::Clock::now();
  pool_.connected();
}

void ConnectionThread::attempt(Pool::Queued& queued) {
  if (!session_) {
    // Another connection may have found out since the job was taken.
    if (const auto error = pool_.why_offline()) std::rethrow_exception(error);
  }
  connect();
  queued.ticket.progress();
  session_->on_received([ticket = queued.ticket] { ticket.progress(); });
  queued.job(*session_);
  last_used_ = Deadline::Clock::now();
}

void ConnectionThread::run(Pool::Queued& queued) {
  std::exception_ptr outcome;
  const bool had_session = session_ != nullptr;
  try {
    attempt(queued);
  } catch (const TimeoutError&) {
    // Whoever waited has waited long enough: a second attempt would take as long again.
    outcome = std::current_exception();
  } catch (const ConnectionError&) {
    outcome = std::current_exception();
    drop_session();
    // A connection that was idle may have been closed long ago; a fresh one is tried once.
    if (had_session) {
      try {
        attempt(queued);
        outcome = nullptr;
      } catch (...) {
        outcome = std::current_exception();
      }
    }
  } catch (...) {
    outcome = std::current_exception();
  }
  if (session_) session_->on_received({});
  if (session_ && !session_->is_usable()) drop_session();
  queued.job = nullptr;  // what it holds is gone before anybody learns that it has ended
  queued.ticket.finish(outcome);
}

void ConnectionThread::wait() {
  const auto reconnect = number_ == 0 ? pool_.reconnect_at() : std::nullopt;
  try {
    if (reconnect && reconnect->expired()) {
      drop_session();
      connect();
    } else if (session_) {
      const auto deadline = reconnect.value_or(Deadline(last_used_ + kKeepAlive));
      switch (session_->wait(deadline, wake_)) {
        case Stream::Wait::readable:
          session_->digest();
          break;
        case Stream::Wait::timed_out:
          last_used_ = Deadline::Clock::now();  // also if it is refused: not again at once
          session_->noop();
          break;
        case Stream::Wait::woken:
          break;
      }
    } else {
      const int timeout = reconnect ? reconnect->poll_timeout() : -1;
      std::array<pollfd, 2> wanted{{{wake_.fd(), POLLIN, 0}, {pool_.abort_.fd(), POLLIN, 0}}};
      ::poll(wanted.data(), wanted.size(), timeout);
    }
  } catch (...) {
    // An idle connection that is lost harms nobody: the next job makes another.
    if (session_ && !session_->is_usable()) drop_session();
  }
}

void ConnectionThread::drop_session() noexcept {
  session_.reset();
}

}  // namespace imap
