#include "fs/mail/delivery.h"

#include "imap/base/errors.h"

#include <algorithm>

namespace fs {

void Delivery::wait(const Patience& patience, std::chrono::milliseconds limit,
                    Interrupt& interrupt) const {
  using Clock = imap::Deadline::Clock;
  const auto stop = interrupt.token();
  // While a large message is sent the server says nothing for a long time.
  const auto deadline = [&] {
    const Clock::time_point taken{Clock::duration(taken_.load())};
    return std::max(patience.deadline(), imap::Deadline(taken + limit));
  };
  while (!ticket_.wait_until(deadline(), stop)) {
    if (stop.stop_requested()) throw imap::CancelledError("interrupted while a message was stored");
    if (deadline().expired()) throw imap::TimeoutError("a message was not stored in time");
  }
  ticket_.wait(limit, stop);
}

void Delivery::end(const Outcome& outcome) {
  on_end_(outcome);
  ticket_.finish(outcome.error);
}

}  // namespace fs
