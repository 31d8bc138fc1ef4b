#include "fs/mail/mail_store.h"

#include <exception>

namespace fs {

MailStore::MailStore(const Backing& backing)
    : backing_(backing),
      folders_(backing),
      messages_(backing, folders_),
      bodies_(backing, folders_) {}

MailStore::~MailStore() {
  try {
    // It tells the parts of this object of each body that it has stored.
    backing_.cache.run([](cache::Edit&) {});
  } catch (const std::exception&) {
    // What went before has been told all the same.
  }
}

std::optional<cache::MessageRow> MailStore::cached_message(cache::MailboxId mailbox,
                                                           imap::Uid uid) const {
  // Asked before the row is read: a fetch that has ended meanwhile has put its size there.
  const auto arriving = bodies_.arriving_size(mailbox, uid);
  auto row = messages_.cached(mailbox, uid);
  if (row && arriving) {
    row->size = *arriving;
    row->size_exact = true;
  }
  return row;
}

std::optional<cache::MessageRow> MailStore::find_message(cache::MailboxId mailbox, imap::Uid uid,
                                                         Interrupt& interrupt) {
  if (auto row = cached_message(mailbox, uid)) return row;
  return messages_.find(mailbox, uid, interrupt) ? cached_message(mailbox, uid) : std::nullopt;
}

cache::Totals MailStore::totals() const {
  return backing_.cache.read([](const cache::View& view) { return view.totals(); });
}

}  // namespace fs
