#pragma once
/// Brings new messages to the server (APPEND, REPLACE) and sees to it that each is there once: what
/// was sent on a connection that then broke is looked for before anything else is concluded. What
/// was stored is in the cache and listed when its delivery ends: as the server describes it, or, of
/// many in a row on a server that says their UIDs and keeps what it is sent, as it was sent. Part
/// of MailStore; any thread.

#include "fs/mail/backing.h"
#include "fs/mail/changes.h"
#include "fs/mail/delivery.h"
#include "fs/mail/folders.h"
#include "fs/mail/new_message.h"
#include "imap/base/deadline.h"

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

namespace imap {
class Session;
}

namespace fs {

/// What is to be stored. A plain value.
struct NewMail {
  MailboxId mailbox;
  std::shared_ptr<const NewMessage> message;
  std::int64_t time = 0;          // INTERNALDATE, unix seconds
  std::optional<Uid> replaces{};  // goes when the new one is there
  /// An earlier attempt may have stored it after all: not below this UID.
  std::optional<Uid> doubtful_from{};
};

class Appender {
 public:
  Appender(Backing backing, Changes& changes, Folders& folders)
      : backing_(std::move(backing)), changes_(changes), folders_(folders) {}

  /// Begins to store a message. Its flags are `\Seen`, because who puts it there knows it, and
  /// `\Draft` in the mailbox for drafts, as far as the mailbox keeps them. It fails with
  /// NotAMessageError when it holds NUL and the server takes none. What it replaces goes when the
  /// new one is there, in one step where the server can (RFC 8508), else it is marked as deleted
  /// and expunged by its UID; where that fails both stay, and the delivery has not failed.
  std::shared_ptr<Delivery> start(NewMail mail, Delivery::OnEnd on_end);

 private:
  struct Attempt;
  using Shared = std::shared_ptr<Attempt>;

  void bring(imap::Session& session, const Shared& attempt);
  void send(imap::Session& session, const Shared& attempt);
  std::optional<cache::MessageRow> find(imap::Session& session, const Shared& attempt);
  std::optional<cache::MessageRow> find_patiently(imap::Session& session, const Shared& attempt);
  void open(imap::Session& session, const Shared& attempt);
  imap::Uid first_new(imap::Session& session, const Shared& attempt) const;
  void remove_replaced(imap::Session& session, const Shared& attempt);
  void forget_replaced(const Shared& attempt);
  /// How the message is listed, without asking for it, where that can be known.
  std::optional<cache::MessageRow> foreseen(const imap::Session& session,
                                            const Shared& attempt) const;
  void keep(imap::Session& session, const Shared& attempt, cache::MessageRow row);
  std::optional<cache::BodyId> keep_body(const NewMessage& message) const;

  const Backing backing_;
  Changes& changes_;
  Folders& folders_;
  /// When a message that was looked at had the size that was sent; 0: the last one had not.
  std::atomic<imap::Deadline::Clock::duration> seen_{};
};

}  // namespace fs
