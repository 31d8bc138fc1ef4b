#pragma once
/// Sends what users did: a thread that gathers for a moment and then makes the pending changes of
/// one mailbox after the other, and brings new messages that nobody waits for. Without the server
/// they wait; what it refuses is reported, and dropped if it is a change. Part of MailStore; any
/// thread may call it.

#include "fs/mail/aliases.h"
#include "fs/mail/appender.h"
#include "fs/mail/backing.h"
#include "fs/mail/changes.h"
#include "fs/mail/dispatch.h"
#include "fs/mail/folders.h"
#include "fs/mail/outgoing.h"
#include "fs/mail/pending.h"
#include "fs/mail/refusals.h"
#include "imap/base/deadline.h"
#include "imap/base/synchronized.h"

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace fs {

class Outbox {
 public:
  using OnMoved = std::function<void(const MessageKey& from, const MessageKey& to)>;

  /// What it works for and with; all of it outlives the outbox.
  struct Parts {
    Folders& folders;
    Changes& changes;
    Pending& pending;
    Outgoing& outgoing;
    Aliases& aliases;
    Appender& appender;
    Refusals& refusals;
    /// Has the mailbox compared with the server, soon.
    std::function<void(cache::MailboxId)> compare;
  };

  Outbox(Backing backing, const Parts& parts);
  /// What is still pending stays in the journal.
  ~Outbox();
  Outbox(const Outbox&) = delete;
  Outbox& operator=(const Outbox&) = delete;

  /// Begins, with what an earlier mount has left. Once, when the folders are known. `on_moved` is
  /// told of a message's new key before anybody can find it there, on a connection's thread.
  void start(OnMoved on_moved);
  /// There is something to send, or the server can be reached again.
  void wake();
  /// Waits until everything that is pending now was confirmed or refused. Throws the first refusal
  /// since the last barrier; OfflineError while the server cannot be reached and something is left;
  /// TimeoutError when it says nothing for too long; CancelledError when interrupted.
  void sync(Interrupt& interrupt);
  /// The same without a word of refusals, which wait for the next barrier.
  void settle(Interrupt& interrupt);
  /// The same of what is pending of one message, but for the refusals, which are left to the
  /// barriers.
  void finish(const MessageKey& key, Interrupt& interrupt);
  /// The same of one new message. That it was refused is left to whoever wrote it to see.
  void finish(cache::RecordId letter, Interrupt& interrupt);

 private:
  struct State {
    std::uint64_t woken = 0;
    std::exception_ptr trouble;  // why nothing can be sent
  };
  /// What one connection is to do.
  struct Work {
    cache::MailboxId mailbox;
    std::string what;
    std::function<void(imap::Session&)> job;
    std::function<void(const std::exception_ptr&)> give_up;
    std::function<void()> put_back;
    /// Whether it is also for a mailbox that was made anew under that name.
    std::function<bool()> goes_by_name;
  };

  /// Waits until `ended`, which is asked again and again and waits a moment itself.
  void await(const std::function<bool(imap::Deadline)>& ended, Interrupt& interrupt);
  void loop(const std::stop_token& stop);
  /// Waits for something to do, and then until no more has come for a moment.
  void gather(const std::stop_token& stop, std::uint64_t& seen);
  /// False when the server could not be reached, or wants to be asked later.
  bool send(const Work& work, const std::stop_token& stop);
  std::optional<Work> next_work();
  Work work_of(Pending::Batch batch);
  Work work_of(Outgoing::Batch batch);
  void retarget(Outgoing::Batch& batch) const;
  void refused(const std::vector<PendingChange>& changes, const std::exception_ptr& error);
  void ended(const Letter& letter, const Delivery::Outcome& outcome);

  const Backing backing_;
  Folders& folders_;
  Changes& changes_;
  Pending& pending_;
  Outgoing& outgoing_;
  Appender& appender_;
  Refusals& refusals_;
  const std::function<void(cache::MailboxId)> compare_;
  OnMoved on_moved_;
  const DispatchContext context_;
  imap::Synchronized<State> state_;
  std::condition_variable_any changed_;
  // Of the thread:
  int attempts_ = 0;  // in a row that the server put off
  std::chrono::milliseconds rest_;
  std::jthread thread_;
};

}  // namespace fs
