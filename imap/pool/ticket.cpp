#include "imap/pool/ticket.h"

#include "imap/base/errors.h"

namespace imap {

Ticket::Ticket() : state_(std::make_shared<State>()) {}

void Ticket::wait(std::chrono::milliseconds patience, const std::stop_token& stop) const {
  std::unique_lock lock(state_->mutex);
  while (!state_->done) {
    if (stop.stop_requested()) throw CancelledError("interrupted");
    const auto until = state_->last_progress + patience;
    if (Deadline(until).expired()) throw TimeoutError("no answer from the server in time");
    state_->changed.wait_until(lock, stop, until, [this] { return state_->done; });
  }
  if (state_->error) std::rethrow_exception(state_->error);
}

bool Ticket::wait_until(Deadline deadline, const std::stop_token& stop) const {
  std::unique_lock lock(state_->mutex);
  return state_->changed.wait_until(lock, stop, deadline.at(), [this] { return state_->done; });
}

bool Ticket::is_done() const {
  const std::lock_guard lock(state_->mutex);
  return state_->done;
}

void Ticket::on_done(std::function<void(std::exception_ptr)> react) const {
  std::exception_ptr error;
  {
    const std::lock_guard lock(state_->mutex);
    if (!state_->done) {
      state_->reaction = std::move(react);
      return;
    }
    error = state_->error;
  }
  react(error);
}

void Ticket::finish(std::exception_ptr error) const {
  std::function<void(std::exception_ptr)> react;
  {
    const std::lock_guard lock(state_->mutex);
    state_->done = true;
    state_->error = error;
    react = std::move(state_->reaction);
  }
  state_->changed.notify_all();
  if (react) react(std::move(error));
}

void Ticket::progress() const {
  const std::lock_guard lock(state_->mutex);
  state_->last_progress = Deadline::Clock::now();
}

}  // namespace imap
