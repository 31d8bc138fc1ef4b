#pragma once
/// The account's mail: looked up in the cache first, then at the server, written through. Folders
/// and messages are named by ids; it knows neither paths nor inodes nor FUSE. One object for each
/// mount; any thread may call it. Every wait is bounded and can be interrupted.
///
/// Calls throw the errors of imap/base/errors.h and fs/mail/errors.h. A failing cache never fails a
/// read of a body.

#include "fs/mail/account_status.h"
#include "fs/mail/aliases.h"
#include "fs/mail/appender.h"
#include "fs/mail/backing.h"
#include "fs/mail/bodies.h"
#include "fs/mail/changes.h"
#include "fs/mail/copier.h"
#include "fs/mail/folder_changes.h"
#include "fs/mail/folders.h"
#include "fs/mail/messages.h"
#include "fs/mail/outbox.h"
#include "fs/mail/outgoing.h"
#include "fs/mail/pending.h"
#include "fs/mail/poller.h"
#include "fs/mail/refusals.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
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
  explicit MailStore(Backing backing);
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

  /// As FolderChanges.
  cache::MailboxId make_folder(cache::MailboxId parent, std::string_view entry,
                               Interrupt& interrupt) {
    return folder_changes_.create(parent, entry, interrupt);
  }
  void remove_folder(cache::MailboxId folder, Interrupt& interrupt) {
    // What is still to be done to messages in it, or to those that are on their way there.
    outbox_.settle(interrupt);
    folder_changes_.remove(folder, interrupt);
  }
  using Replace = FolderChanges::Replace;
  void rename_folder(cache::MailboxId folder, cache::MailboxId parent, std::string_view entry,
                     Replace replace, Interrupt& interrupt) {
    outbox_.settle(interrupt);
    folder_changes_.rename(folder, parent, entry, replace, interrupt);
  }

  // Messages

  /// Makes sure that the listing of a folder is fresh. A folder that was listed before waits a
  /// moment only and goes on with what is cached; the first time it waits until rows begin to come.
  void freshen(cache::MailboxId mailbox, Interrupt& interrupt) {
    messages_.freshen(mailbox, interrupt);
  }
  /// As it is in the eyes of the user: without the messages that were moved or deleted here, and
  /// with the flags that were set here. Calls `visit` with the messages below a UID (0: from the
  /// newest) until it returns false. While a first listing is running these are the ones that have
  /// arrived; with MayWait::yes, when there are none, it waits for the next.
  void visit_messages(cache::MailboxId mailbox, std::uint32_t below, MayWait may_wait,
                      Interrupt& interrupt,
                      const std::function<bool(const cache::MessageRow&)>& visit);
  /// The message, or nothing when the mailbox has none of this UID; asks the server if what is
  /// known is not fresh.
  std::optional<cache::MessageRow> find_message(cache::MailboxId mailbox, imap::Uid uid,
                                                Interrupt& interrupt);
  /// The message if it is cached, also one that was moved or deleted here and is not gone yet;
  /// never waits.
  std::optional<cache::MessageRow> cached_message(cache::MailboxId mailbox, imap::Uid uid) const;
  /// Whether a folder is one that changes only by what ChangeSink is told, as far as the user sees
  /// it: it was listed, and nothing that the user did there is still on its way.
  bool is_settled(cache::MailboxId mailbox) const {
    return messages_.is_listed(mailbox) && !pending_.concerns(mailbox);
  }
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
  /// All octets of a message, if it is cached and not larger than that; never waits.
  std::optional<std::vector<std::byte>> cached_body(cache::MailboxId mailbox, imap::Uid uid,
                                                    std::uint64_t most) const {
    return bodies_.cached({mailbox.value, uid.value}, most);
  }
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

  // Changes of messages: mail_store_changes.cpp. They are visible when the call returns, and the
  // server has them soon, or at the next barrier; with MailSettings::sync each waits for it.

  /// From now on changes are sent, with those that an earlier mount has left. Once, when the
  /// folders are known. `on_moved` is told under which key a message is found that was moved.
  void begin_changes(Outbox::OnMoved on_moved) { outbox_.start(std::move(on_moved)); }
  /// False: what was done before to this message is on its way, and it may have another key now.
  /// The three throw NotFoundError when there is no such message.
  bool remove(const MessageKey& key, Interrupt& interrupt);
  bool move(const MessageKey& key, const Folder& target, const std::string& name,
            Interrupt& interrupt);
  bool set_flags(const MessageKey& key, const FlagsEdit& edit, Interrupt& interrupt);
  /// The barrier; see Outbox::sync.
  void sync(Interrupt& interrupt) { outbox_.sync(interrupt); }
  /// Waits until the server has what was done to one message; see Outbox::finish.
  void finish_changes(const MessageKey& key, Interrupt& interrupt) {
    outbox_.finish(key, interrupt);
  }
  bool is_online() const { return backing_.pool.state().online; }
  /// The server can be reached again.
  void retry_changes() { outbox_.wake(); }
  /// How many changes and new messages the server is still to be told of.
  std::size_t unsent() const { return pending_.size() + outgoing_.size(); }
  const Pending& pending() const { return pending_; }
  Aliases& aliases() { return aliases_; }
  const Aliases& aliases() const { return aliases_; }

  // New messages

  std::chrono::milliseconds timeout() const { return backing_.settings.timeout; }

  /// Begins to store a message; see Appender. StaleError when the folder is gone or holds none.
  std::shared_ptr<Delivery> deliver(NewMail mail, Delivery::OnEnd on_end) {
    return appender_.start(std::move(mail), std::move(on_end));
  }
  /// Begins to have the server copy a message; see Copier.
  std::shared_ptr<Delivery> copy(const MailCopy& copy, Delivery::OnEnd on_end) {
    return copier_.start(copy, std::move(on_end));
  }
  /// Whether the message can be left to be stored by and by; see Appender::will_take.
  bool will_take(const NewMail& mail) { return appender_.will_take(mail); }
  /// Puts the message into the journal, as it was written. Throws what Journal throws.
  LetterId keep(const NewMail& mail, std::string octets);
  /// Has one stored by and by that is in the journal.
  void send_later(Letter letter);
  /// Those that an earlier mount has left: each is to be sent, or dropped.
  std::vector<cache::Record<cache::LetterRow>> left_letters() { return outgoing_.left(); }
  /// If the server has such a one after all, it is not below.
  Uid floor_of(const cache::LetterRow& row) const;
  /// See Outgoing.
  bool withdraw(LetterId letter) { return outgoing_.withdraw(letter); }
  void drop(LetterId letter) { outgoing_.drop(letter); }
  /// Waits until it was stored or refused; see Outbox::finish.
  void finish(LetterId letter, Interrupt& interrupt) { outbox_.finish(letter, interrupt); }
  /// Waits until it has ended and throws what it failed with.
  void wait_for(const Delivery& delivery, Interrupt& interrupt) const {
    delivery.wait(backing_.patience(), backing_.settings.timeout, interrupt);
  }

 private:
  void look_at(imap::Session& session, const std::vector<imap::ListRow>& listed);
  using Change = std::function<Pending::Taken(const cache::MessageName&, const cache::MessageRow&)>;
  bool change(const MessageKey& key, Interrupt& interrupt, const Change& make);

  const Backing backing_;
  StaleWait stale_wait_;
  Changes changes_;
  Folders folders_;
  FolderChanges folder_changes_;
  Messages messages_;
  Bodies bodies_;
  Aliases aliases_;
  Appender appender_;
  Copier copier_;
  Pending pending_;
  Outgoing outgoing_;
  Refusals refusals_;
  Outbox outbox_;
  Poller poller_;  // last: its thread uses the above
};

}  // namespace fs
