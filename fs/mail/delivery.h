#pragma once
/// One message on its way to a place at the server, and the wait for what comes of it. Shared by
/// the connection that brings it there and those who wait; any thread.

#include "fs/mail/ids.h"
#include "fs/mail/interrupt.h"
#include "fs/mail/message_key.h"
#include "fs/mail/patience.h"
#include "imap/base/deadline.h"
#include "imap/base/ids.h"
#include "imap/pool/ticket.h"

#include <atomic>
#include <chrono>
#include <exception>
#include <functional>
#include <optional>
#include <utility>

namespace fs {

class Delivery {
 public:
  struct Outcome {
    std::optional<MessageKey> stored;
    std::exception_ptr error;  // null: it is stored
    /// It may be there all the same, not below this UID: to be looked for before it is sent again.
    std::optional<Uid> doubtful_from;
  };
  /// Told of the outcome once, before those who wait; must not throw.
  using OnEnd = std::function<void(const Outcome&)>;

  explicit Delivery(OnEnd on_end) : on_end_(std::move(on_end)) {}

  /// Waits until it has ended, as long as the server says or takes anything within the limit;
  /// throws what it failed with. It goes on when the waiting is given up.
  void wait(const Patience& patience, std::chrono::milliseconds limit, Interrupt& interrupt) const;

  // The connection's side.

  void progress() { taken_ = imap::Deadline::Clock::now().time_since_epoch().count(); }
  void end(const Outcome& outcome);

 private:
  const OnEnd on_end_;
  imap::Ticket ticket_;
  std::atomic<imap::Deadline::Clock::rep> taken_{0};  // when the server took octets last
};

}  // namespace fs
