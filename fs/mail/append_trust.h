#pragma once
/// Which mailboxes are known to take new messages, so that whoever writes many of them need not
/// wait for one after the other: what the server takes in a moment is known only then, and a writer
/// that has gone on cannot be told that it did not. Any thread.

#include "fs/mail/ids.h"
#include "imap/base/deadline.h"
#include "imap/base/synchronized.h"
#include "imap/session/session.h"

#include <chrono>
#include <cstdint>
#include <unordered_map>

namespace fs {

class AppendTrust {
 public:
  /// How long one that was taken says something of the next.
  static constexpr std::chrono::seconds kLasts{10};

  /// The open mailbox has taken a message, and said where it is. The second time in a row the
  /// server is asked how much room there is.
  void taken(MailboxId mailbox, imap::Session& session);
  void refused(MailboxId mailbox);
  /// Whether the mailbox will take a message of so many octets, in all likelihood, unasked: it has
  /// taken two lately, and is far from being full. Counts it as taken.
  bool spend(MailboxId mailbox, std::uint64_t octets);

 private:
  struct Trust {
    imap::Deadline::Clock::time_point since;
    std::uint64_t most = 0;  // octets of one message
    bool is_room_known = false;
    std::uint64_t octets_left = 0;
    std::uint64_t messages_left = 0;

    bool lasts() const { return imap::Deadline::Clock::now() - since < kLasts; }
  };

  imap::Synchronized<std::unordered_map<std::uint32_t, Trust>> mailboxes_;
};

}  // namespace fs
