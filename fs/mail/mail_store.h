#pragma once
/// The account's mail: looked up in the cache first, then at the server, written through. Folders
/// and messages are named by ids; it knows neither paths nor inodes nor FUSE. One object for each
/// mount; any thread may call it. Every wait is bounded and can be interrupted.
///
/// Calls throw the errors of imap/base/errors.h and fs/mail/errors.h. A failing cache never fails a
/// read of a body.

#include "fs/mail/account_status.h"
#include "fs/mail/appender.h"
#include "fs/mail/backing.h"
#include "fs/mail/bodies.h"
#include "fs/mail/changes.h"
#include "fs/mail/folders.h"
#include "fs/mail/messages.h"
#include "fs/mail/poller.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace fs {

class MailStore {
 public:
  using Settings = MailSettings;
  using MayWait = fs::MayWait;
  using Piece = fs::Piece;

  /// What the backing refers to must outlive the store; the pool must have been stopped before it
  /// is destroyed.
  explicit MailStore(const Backing& backing);
  /// Waits until the cache's writer has done what it was given.
  ~MailStore();
  MailStore(const MailStore&) = delete;
  MailStore& operator=(const MailStore&) = delete;

  // Folders

  /// The folders as they are known now; never waits.
  std::shared_ptr<const FolderTree> folders() const { return folders_.tree(); }
  /// Asks the server for its folders and waits for them, as long as it says anything within
  /// `patience`.
  void load_folders(Interrupt& interrupt, std::chrono::milliseconds patience) {
    folders_.load(interrupt, patience);
  }
  /// Makes sure that the folders are fresh, or at least being freshened.
  void freshen_folders(Interrupt& interrupt) { folders_.freshen(interrupt); }

  // Messages

  /// Makes sure that the listing of a folder is fresh. A folder that was listed before waits a
  /// moment only and goes on with what is cached; the first time it waits until rows begin to come.
  void freshen(cache::MailboxId mailbox, Interrupt& interrupt) {
    messages_.freshen(mailbox, interrupt);
  }
  /// Calls `visit` with the messages below a UID (0: from the newest) until it returns false. While
  /// a first listing is running these are the ones that have arrived; with MayWait::yes, when there
  /// are none, it waits for the next.
  void visit_messages(cache::MailboxId mailbox, std::uint32_t below, MayWait may_wait,
                      Interrupt& interrupt,
                      const std::function<bool(const cache::MessageRow&)>& visit) {
    messages_.visit(mailbox, below, may_wait, interrupt, visit);
  }
  /// The message, or nothing when the mailbox has none of this UID; asks the server if what is
  /// known is not fresh.
  std::optional<cache::MessageRow> find_message(cache::MailboxId mailbox, imap::Uid uid,
                                                Interrupt& interrupt);
  /// The message if it is cached; never waits.
  std::optional<cache::MessageRow> cached_message(cache::MailboxId mailbox, imap::Uid uid) const;
  /// When messages were last seen to come or go since the mount, in unix seconds.
  std::optional<std::int64_t> last_change(cache::MailboxId mailbox) const {
    return changes_.last(mailbox);
  }
  cache::Totals totals() const;
  /// What is being done and has been done; never waits for the server.
  AccountStatus status() const;

  // What changes elsewhere

  /// Takes the folders that were kept in the cache, for life without a network. Whether there were
  /// any.
  bool recall_folders() { return folders_.recall(); }
  /// What a connection of the pool was told unasked. On the connection's thread.
  void take(const imap::Updates& updates);
  /// Looks for what has changed where the server does not tell of it. Returns at once.
  void poll() { poller_.poll_now(); }
  /// From now on `sink` is told what has changed in the account; null: nobody is.
  void announce_to(std::shared_ptr<ChangeSink> sink) { changes_.announce_to(std::move(sink)); }
  /// A message that has gone a while ago and can still be read, because its body is cached.
  std::optional<Departed::Message> departed(cache::MailboxId mailbox, imap::Uid uid) const;

  // Bodies

  /// Whether the message can be read without the server, now and after unmounting.
  bool is_body_cached(cache::MailboxId mailbox, imap::Uid uid) const;
  /// The size of a message for which the server gave none: begins to fetch it. 0 when it cannot be
  /// had.
  std::uint64_t learn_size(cache::MailboxId mailbox, imap::Uid uid, Interrupt& interrupt) {
    return bodies_.learn_size(mailbox, uid, interrupt);
  }
  /// Reads octets of a message, fewer than asked for only at its end, and calls `consume` exactly
  /// once unless it throws. What `consume` gets lives only within the call.
  void read(cache::MailboxId mailbox, imap::Uid uid, std::uint64_t offset, std::uint64_t length,
            Interrupt& interrupt, const std::function<void(const Piece&)>& consume) {
    bodies_.read(mailbox, uid, offset, length, interrupt, consume);
  }

  // New messages

  /// Begins to store a message; see Appender. StaleError when the folder is gone or holds none.
  std::shared_ptr<Delivery> deliver(NewMail mail, Delivery::OnEnd on_end) {
    return appender_.start(std::move(mail), std::move(on_end));
  }
  /// Waits until it has ended and throws what it failed with.
  void wait_for(const Delivery& delivery, Interrupt& interrupt) const {
    delivery.wait(backing_.patience(), backing_.settings.timeout, interrupt);
  }

 private:
  void look_at(imap::Session& session, const std::vector<imap::ListRow>& listed);

  const Backing backing_;
  StaleWait stale_wait_;
  Changes changes_;
  Folders folders_;
  Messages messages_;
  Bodies bodies_;
  Appender appender_;
  Poller poller_;  // last: its thread uses the above
};

}  // namespace fs
