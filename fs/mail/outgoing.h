#pragma once
/// New messages on their way to the server whose writers do not wait for that. They are in the
/// journal until the server has them, so that they outlive this process; the outbox sends them.
/// What the server refuses stays in the journal, for another mount to try again, until whoever
/// wrote it removes it or has it stored while he waits. Part of MailStore; any thread.

#include "cache/journal.h"
#include "fs/mail/appender.h"
#include "fs/mail/delivery.h"
#include "fs/mail/ids.h"
#include "fs/mail/interrupt.h"
#include "imap/base/deadline.h"
#include "imap/base/synchronized.h"

#include <condition_variable>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace fs {

using LetterId = cache::RecordId;

/// A message on its way.
struct Letter {
  NewMail mail;
  Delivery::OnEnd on_end;  // told once what came of it
  LetterId id{};
  std::string wire_name{};  // of the mailbox
};

class Outgoing {
 public:
  explicit Outgoing(cache::Journal& journal) : journal_(journal) {}

  // For those who write

  /// Puts it into the journal.
  LetterId keep(const cache::LetterRow& row) { return journal_.add(row); }
  /// One that is in the journal waits to be sent from now on.
  void send(Letter letter);
  /// All that are in the journal: at the beginning, what an earlier mount has left.
  std::vector<cache::Record<cache::LetterRow>> left() { return journal_.all<cache::LetterRow>(); }
  /// Takes one back that is not being sent: it ends with CancelledError and stays in the journal,
  /// see `drop`. False when there is nothing to take back.
  bool withdraw(LetterId id);
  /// The journal need not keep it any more.
  void drop(LetterId id) { journal_.erase<cache::LetterRow>({id}); }

  // Barriers

  LetterId last() const;
  /// Waits until all up to this one were stored or refused; false at the deadline.
  bool wait_ended(LetterId last, imap::Deadline deadline, Interrupt& interrupt);
  std::size_t size() const;

  // For the outbox

  struct Batch {
    MailboxId mailbox;
    std::vector<Letter> letters;  // as they were written
  };
  /// Those to the mailbox for which one has waited longest, within bounds; from now on they are
  /// being sent. Nothing when nothing waits.
  std::optional<Batch> take();
  /// What has not ended of it waits again, with what is known by now of where it may be.
  void put_back(const Batch& batch);
  /// Tells who wrote it. When it is stored, the journal forgets it.
  void ended(const Letter& letter, const Delivery::Outcome& outcome);
  bool has(LetterId id) const;

 private:
  struct Held {
    Letter letter;
    bool sending = false;
  };
  using Table = std::map<std::uint64_t, Held>;  // by record

  cache::Journal& journal_;
  imap::Synchronized<Table> table_;
  std::condition_variable_any changed_;
};

}  // namespace fs
