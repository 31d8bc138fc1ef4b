#pragma once
/// Writes mailboxes and their messages within one transaction. Writer thread only; callers use it
/// through Edit.

#include "cache/rows.h"
#include "cache/schema.h"

#include <optional>
#include <string>
#include <vector>

namespace cache {

class MailboxEdit {
 public:
  MailboxEdit(WriteTxn& txn, const Tables& tables) : txn_(txn), tables_(tables) {}

  /// Stores the row under a new id.
  MailboxId add(const MailboxRow& row);
  /// These do nothing and return false when the mailbox was erased meanwhile.
  bool put(MailboxId id, const MailboxRow& row);
  bool erase(MailboxId id);
  bool put_message(MailboxId mailbox, const MessageRow& row);
  bool put_flags(MailboxId mailbox, std::uint32_t uid, std::uint32_t flags,
                 const std::vector<std::string>& keywords, std::uint64_t modseq);
  void put_account(const AccountRow& row);
  bool erase_message(MailboxId mailbox, std::uint32_t uid);

  struct Swept {
    std::size_t rows = 0;
    bool more = false;
  };
  /// Removes the rows of erased mailboxes, at most `most` of them.
  Swept sweep(std::size_t most);

 private:
  std::optional<Totals> totals_of(MailboxId mailbox) const;
  void put_totals(MailboxId mailbox, const Totals& totals);
  std::size_t sweep(MailboxId mailbox, std::size_t most);

  WriteTxn& txn_;
  const Tables& tables_;
};

}  // namespace cache
