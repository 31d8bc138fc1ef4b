#pragma once
/// Which connections listen to the server, and to what. A plain value that the pool keeps under its
/// lock; it starts nothing, and every time comes from the caller.

#include "imap/base/deadline.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace imap {

class Watches {
 public:
  using Time = Deadline::Clock::time_point;

  explicit Watches(unsigned connections) : listeners_(connections) {}

  // What connections do

  /// The connection waits with this mailbox open, or with none, and hears at once what happens
  /// there if the time is given at which it asked for the mailbox.
  void listens(unsigned number, const std::string& open_mailbox, std::optional<Time> asked);
  /// It does something else.
  void is_busy(unsigned number);
  /// It has no session any more.
  void ended(unsigned number);

  // NOTIFY: one session at a time asks for it. One that is refused it, or told too much, keeps the
  // others from asking as long as it lives: they would fare no better.

  /// Whether this connection, which has a session, is to ask now.
  bool claim_notify(unsigned number);
  void notified(unsigned number, Time asked);
  /// The server tells of this mailbox, at least since that time.
  void add_notified(unsigned number, const std::string& mailbox, Time since);
  /// The session had it open and has left it: it is not certain that all was told.
  void left(unsigned number, const std::string& mailbox);
  /// The server has stopped it.
  void notify_ended(unsigned number);
  bool notifies() const;

  /// Since when all that happens in the mailbox is heard of without a gap.
  std::optional<Time> since(const std::string& mailbox) const;

 private:
  struct Listener {
    bool waits = false;
    std::string mailbox;
    std::optional<Time> asked;
  };
  struct Notifier {
    unsigned number;
    std::optional<Time> asked;
    std::map<std::string, Time> mailboxes;
  };

  std::vector<Listener> listeners_;
  std::optional<Notifier> notifier_;
};

}  // namespace imap
