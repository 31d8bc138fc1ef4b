#pragma once
/// The progress of one synchronisation of a mailbox, shared by the job that does it and by
/// everybody who waits for rows. A first listing comes newest first: what is above the floor is in
/// the cache, what is below is still to come. Any thread.

#include "cache/rows.h"
#include "fs/mail/interrupt.h"
#include "fs/mail/patience.h"
#include "imap/base/deadline.h"
#include "imap/base/ids.h"

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <mutex>

namespace fs {

class Listing {
 public:
  explicit Listing(cache::MailboxId mailbox) : mailbox_(mailbox) {}

  /// Which mailbox it is about: another one after a change of UIDVALIDITY.
  cache::MailboxId mailbox() const;

  // The job's side.

  void moved_to(cache::MailboxId mailbox);

  /// Rows from `floor` up are in the cache. Floors only sink.
  void reached(imap::Uid floor);
  /// It is over: everything is in the cache, or `error` says why not. The first call counts.
  void finish(std::exception_ptr error);

  // The side of those who wait.

  imap::Uid floor() const;
  bool has_failed() const;
  imap::Deadline::Clock::time_point started() const { return started_; }

  /// Waits until the rows from `uid` up are in the cache. Throws what the job failed with,
  /// imap::TimeoutError when patience ends, imap::CancelledError when interrupted.
  void wait_for(imap::Uid uid, const Patience& patience, Interrupt& interrupt);
  /// Waits until it is over, at most until `deadline`. Whether it is over and went well.
  bool wait_finished(imap::Deadline deadline, Interrupt& interrupt);

 private:
  const imap::Deadline::Clock::time_point started_ = imap::Deadline::Clock::now();
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  // Guarded by mutex_.
  cache::MailboxId mailbox_;
  imap::Uid floor_{imap::kMaxUid};
  bool finished_ = false;
  std::exception_ptr error_;
};

}  // namespace fs
