#include "fs/mail/listing.h"

#include "imap/base/errors.h"

#include <algorithm>

namespace fs {

cache::MailboxId Listing::mailbox() const {
  const std::lock_guard lock(mutex_);
  return mailbox_;
}

void Listing::moved_to(cache::MailboxId mailbox) {
  const std::lock_guard lock(mutex_);
  mailbox_ = mailbox;
}

void Listing::reached(imap::Uid floor) {
  {
    const std::lock_guard lock(mutex_);
    floor_ = std::min(floor_, floor);
  }
  changed_.notify_all();
}

void Listing::finish(std::exception_ptr error) {
  {
    const std::lock_guard lock(mutex_);
    if (finished_) return;
    finished_ = true;
    error_ = std::move(error);
    if (!error_) floor_ = imap::Uid{0};
  }
  changed_.notify_all();
}

imap::Uid Listing::floor() const {
  const std::lock_guard lock(mutex_);
  return floor_;
}

bool Listing::has_failed() const {
  const std::lock_guard lock(mutex_);
  return finished_ && error_;
}

void Listing::wait_for(imap::Uid uid, const Patience& patience, Interrupt& interrupt) {
  const auto stop = interrupt.token();
  std::unique_lock lock(mutex_);
  while (floor_ > uid && !finished_) {
    if (stop.stop_requested()) throw imap::CancelledError("interrupted");
    const auto deadline = patience.deadline();
    if (deadline.expired()) {
      throw imap::TimeoutError("the server did not list the mailbox in time");
    }
    changed_.wait_until(lock, stop, deadline.at(), [&] { return floor_ <= uid || finished_; });
  }
  if (floor_ > uid && error_) std::rethrow_exception(error_);
}

bool Listing::wait_finished(imap::Deadline deadline, Interrupt& interrupt) {
  const auto stop = interrupt.token();
  std::unique_lock lock(mutex_);
  changed_.wait_until(lock, stop, deadline.at(), [this] { return finished_; });
  return finished_ && !error_;
}

}  // namespace fs
