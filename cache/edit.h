#pragma once
/// What a work may change. It also reads, and sees its own changes. Lives within one work on the
/// writer thread and must not be kept.

#include "cache/body_edit.h"
#include "cache/mailbox_edit.h"
#include "cache/view.h"

namespace cache {

class Edit : public View {
 public:
  Edit(WriteTxn& txn, const Tables& tables, UsageCounter& usage)
      : View(txn, tables), mailboxes_(txn, tables), bodies_(txn, tables, usage) {}

  void put_account(const AccountRow& row) { mailboxes_.put_account(row); }

  /// Gives a mailbox its id, which no other one ever had.
  MailboxId add_mailbox(const MailboxRow& row) { return mailboxes_.add(row); }
  /// False, and nothing happens, when the mailbox was erased meanwhile.
  bool put_mailbox(MailboxId id, const MailboxRow& row) { return mailboxes_.put(id, row); }
  /// Erases the mailbox and all its messages in the eyes of everyone; the space of the rows is
  /// freed little by little in later transactions. Bodies stay until they are evicted, because
  /// other rows may name them. False when there is no such mailbox.
  bool erase_mailbox(MailboxId id) { return mailboxes_.erase(id); }

  /// Adds or replaces. False, and nothing happens, when the mailbox was erased meanwhile, so a late
  /// answer from a server does no harm. The UID must not be 0.
  bool put_message(MailboxId mailbox, const MessageRow& row) {
    return mailboxes_.put_message(mailbox, row);
  }
  /// Changes nothing but these; the totals of the mailbox need no update, so many are cheap. False
  /// when there is no such message.
  bool put_flags(MailboxId mailbox, std::uint32_t uid, std::uint32_t flags,
                 const std::vector<std::string>& keywords, std::uint64_t modseq) {
    return mailboxes_.put_flags(mailbox, uid, flags, keywords, modseq);
  }
  /// The body stays. False when there is no such message.
  bool erase_message(MailboxId mailbox, std::uint32_t uid) {
    return mailboxes_.erase_message(mailbox, uid);
  }

  /// Stores a piece of a new body; in any order, and the same piece twice if need be. Every chunk
  /// has kChunkSize octets except the last. Throws when the body is complete already.
  void put_body_chunk(BodyId body, std::uint32_t index, Bytes chunk) {
    bodies_.put_chunk(body, index, chunk);
  }
  /// Makes the body complete: from now on it has a size, is kept over restarts, and may be evicted.
  /// Throws unless the chunks are exactly so many octets. Once more with the same size is nothing.
  void finish_body(BodyId body, std::uint64_t size) { bodies_.finish(body, size); }
  /// Says that the complete `body` is what every message with this object id holds, and returns the
  /// body that the rows are to name: `body` itself, or the same one that was there before, in which
  /// case `body` is erased. An empty object id says nothing.
  BodyId share_body(const std::string& object_id, BodyId body) {
    return bodies_.share(object_id, body);
  }
  /// Also for a body whose fetch was given up. Nothing happens when there is none.
  void erase_body(BodyId body) { bodies_.erase(body); }

 private:
  MailboxEdit mailboxes_;
  BodyEdit bodies_;
};

}  // namespace cache
