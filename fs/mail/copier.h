#pragma once
/// Has the server copy messages from one mailbox into another (UID COPY), each of them once: when
/// the connection broke before the answer, the copy is looked for before anything else is
/// concluded. Nothing is fetched: what is known and cached of the message is known of the copy.
/// Part of MailStore; any thread.

#include "fs/mail/backing.h"
#include "fs/mail/changes.h"
#include "fs/mail/delivery.h"
#include "fs/mail/folders.h"
#include "fs/mail/message_key.h"

#include <memory>
#include <optional>
#include <utility>

namespace imap {
class Session;
}

namespace fs {

/// What is to be copied, and where to. A plain value.
struct MailCopy {
  MessageKey source;
  MailboxId target;
  /// An earlier attempt may have copied it after all: not below this UID.
  std::optional<Uid> doubtful_from{};
};

class Copier {
 public:
  Copier(Backing backing, Changes& changes, Folders& folders)
      : backing_(std::move(backing)), changes_(changes), folders_(folders) {}

  /// Begins to copy a message as the server has it; what users did to it before has to be there
  /// already. The copy is in the cache and listed when the delivery ends. It fails with StaleError
  /// when the message or one of the mailboxes is gone, and with ChangeRefusedError when the server
  /// takes the copy for the message itself (Gmail has each message in a mailbox once).
  std::shared_ptr<Delivery> start(const MailCopy& copy, Delivery::OnEnd on_end);

 private:
  struct Attempt;
  using Shared = std::shared_ptr<Attempt>;

  void recall(const Shared& attempt) const;
  void bring(imap::Session& session, const Shared& attempt);
  std::optional<cache::MessageRow> send(imap::Session& session, const Shared& attempt);
  void open_source(imap::Session& session, const Shared& attempt);
  imap::Uid first_new(imap::Session& session, const Shared& attempt) const;
  std::optional<cache::MessageRow> find(imap::Session& session, const Shared& attempt) const;
  std::optional<cache::MessageRow> find_patiently(imap::Session& session,
                                                  const Shared& attempt) const;
  void keep(const Shared& attempt, cache::MessageRow row);

  const Backing backing_;
  Changes& changes_;
  Folders& folders_;
};

}  // namespace fs
