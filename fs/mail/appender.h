#pragma once
/// Brings new messages to the server (APPEND, REPLACE) and sees to it that each is there once: what
/// was sent on a connection that then broke is looked for before anything else is concluded. What
/// was stored is in the cache and listed when its delivery ends: as the server describes it, or, of
/// many in a row on a server that says their UIDs and keeps what it is sent, as it was sent. Part
/// of MailStore; any thread.

#include "fs/mail/aliases.h"
#include "fs/mail/append_trust.h"
#include "fs/mail/backing.h"
#include "fs/mail/changes.h"
#include "fs/mail/delivery.h"
#include "fs/mail/errors.h"
#include "fs/mail/folders.h"
#include "fs/mail/new_message.h"
#include "imap/base/deadline.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace imap {
class Session;
struct AppendUid;
struct NewMessage;
}  // namespace imap

namespace fs {

/// What is to be stored. A plain value.
struct NewMail {
  MailboxId mailbox;
  std::shared_ptr<const NewMessage> message;
  std::int64_t time = 0;          // INTERNALDATE, unix seconds
  std::optional<Uid> replaces{};  // goes when the new one is there
  /// An earlier attempt may have stored it after all: not below this UID.
  std::optional<Uid> doubtful_from{};
  /// That it has here: what is in the mailbox under another name is not it.
  std::string name{};
};

class Appender {
 public:
  Appender(Backing backing, Changes& changes, Folders& folders, const Aliases& aliases)
      : backing_(std::move(backing)), changes_(changes), folders_(folders), aliases_(aliases) {}

  /// Begins to store a message. Its flags are `\Seen`, because who puts it there knows it, and
  /// `\Draft` in the mailbox for drafts, as far as the mailbox keeps them. It fails with
  /// NotAMessageError when it holds NUL and the server takes none. What it replaces goes when the
  /// new one is there, in one step where the server can (RFC 8508), else it is marked as deleted
  /// and expunged by its UID; where that fails both stay, and the delivery has not failed.
  std::shared_ptr<Delivery> start(NewMail mail, Delivery::OnEnd on_end);
  /// Whether a message will be taken, in all likelihood, so that its writer need not wait: see
  /// AppendTrust. It counts as taken.
  bool will_take(const NewMail& mail);

  /// Told of each message what came of it, except when the connection is lost.
  using OnOutcome = std::function<void(std::size_t index, const Delivery::Outcome& outcome)>;
  /// Stores messages of one mailbox that replace none, on the thread of a connection: at once, as
  /// far as the server takes them unasked. In `doubtful_from` of those of which nothing was told
  /// when it throws is what has to be looked at before they are sent again.
  void bring_all(imap::Session& session, std::vector<NewMail>& mails, const OnOutcome& tell);

 private:
  struct Attempt;
  using Shared = std::shared_ptr<Attempt>;
  struct Kept {
    Shared attempt;
    cache::MessageRow row;
  };
  using Indexed = std::pair<std::size_t, Shared>;

  void bring(imap::Session& session, const Shared& attempt);
  void send(imap::Session& session, const Shared& attempt);
  static imap::NewMessage message_of(const imap::Session& session, const Shared& attempt);
  static void note_told(const imap::Session& session, const Shared& attempt,
                        const std::optional<imap::AppendUid>& told);
  std::vector<Indexed> send_all(imap::Session& session, std::vector<NewMail>& mails,
                                const std::vector<Indexed>& fresh, const OnOutcome& tell);

  // appender_find.cpp
  std::optional<cache::MessageRow> find(imap::Session& session, const Shared& attempt);
  std::optional<cache::MessageRow> find_patiently(imap::Session& session, const Shared& attempt);
  bool is_it(const Shared& attempt, const cache::MessageRow& row) const;
  void open(imap::Session& session, const Shared& attempt);
  imap::Uid first_new(imap::Session& session, const Shared& attempt) const;
  /// How the message is listed, without asking for it, where that can be known.
  std::optional<cache::MessageRow> foreseen(const Shared& attempt) const;
  static MailError not_there(const Shared& attempt);

  // appender_keep.cpp
  void remove_replaced(imap::Session& session, const Shared& attempt);
  void forget_replaced(const Shared& attempt);
  void keep(imap::Session& session, const std::vector<Kept>& some);
  static void put(cache::Edit& edit, const Kept& kept, const std::optional<cache::BodyId>& body);
  std::optional<cache::BodyId> keep_body(const NewMessage& message) const;

  const Backing backing_;
  Changes& changes_;
  Folders& folders_;
  const Aliases& aliases_;
  AppendTrust trust_;
  /// When a message that was looked at had the size that was sent; 0: the last one had not.
  std::atomic<imap::Deadline::Clock::duration> seen_{};
};

}  // namespace fs
