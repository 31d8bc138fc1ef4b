// What users do to messages.

#include "fs/mail/convert.h"
#include "fs/mail/errors.h"
#include "fs/mail/mail_store.h"
#include "imap/base/errors.h"

#include <fmt/format.h>

namespace fs {

bool MailStore::change(const MessageKey& key, Interrupt& interrupt, const Change& make) {
  const cache::MailboxId mailbox{key.mailbox};
  std::optional<cache::MailboxRow> box;
  std::optional<cache::MessageRow> row;
  backing_.cache.read([&](const cache::View& view) {
    box = view.mailbox(mailbox);
    row = view.message(mailbox, key.uid);
  });
  if (!box || !row) throw NotFoundError(fmt::format("message {} is gone", key.uid));
  const auto taken = make({box->wire_name, box->uid_validity, key.uid}, *row);
  if (taken == Pending::Taken::being_sent) {
    if (!pending_.wait_unsent(key, backing_.patience().deadline(), interrupt)) {
      if (interrupt.token().stop_requested()) throw imap::CancelledError("interrupted");
      throw imap::TimeoutError(
          fmt::format("an earlier change of message {} is still on its way", key.uid));
    }
    return false;
  }
  outbox_.wake();
  if (backing_.settings.sync) outbox_.sync(interrupt);
  return true;
}

bool MailStore::remove(const MessageKey& key, Interrupt& interrupt) {
  if (backing_.settings.delete_policy == DeletePolicy::trash &&
      folders_.tree()->find_trash() == nullptr) {
    throw imap::CommandError(imap::CommandError::Status::no, "CANNOT",
                             "there is no folder for deleted messages on this server");
  }
  return change(key, interrupt, [&](const auto& message, const auto& row) {
    return pending_.remove(key, message, row);
  });
}

bool MailStore::move(const MessageKey& key, const Folder& target, const std::string& name,
                     Interrupt& interrupt) {
  return change(key, interrupt, [&](const auto& message, const auto& row) {
    return pending_.move(key, message, row, {target.id, target.wire_name, name});
  });
}

bool MailStore::set_flags(const MessageKey& key, const FlagsEdit& edit, Interrupt& interrupt) {
  return change(key, interrupt, [&](const auto& message, const auto&) {
    return pending_.set_flags(key, message, edit);
  });
}

LetterId MailStore::keep(const NewMail& mail, std::string octets) {
  cache::LetterRow row;
  backing_.cache.read([&](const cache::View& view) {
    const auto mailbox = view.mailbox(mail.mailbox);
    if (!mailbox) throw StaleError("the folder is gone");
    row.mailbox = mailbox->wire_name;
    row.uid_validity = mailbox->uid_validity;
    row.from_uid = next_uid(view, mail.mailbox).value;
  });
  row.name = mail.name;
  row.time = mail.time;
  row.octets = std::move(octets);
  return outgoing_.keep(row);
}

void MailStore::send_later(Letter letter) {
  if (const auto* folder = folders_.tree()->find(letter.mail.mailbox)) {
    letter.wire_name = folder->wire_name;
  }
  outgoing_.send(std::move(letter));
  outbox_.wake();
}

Uid MailStore::floor_of(const cache::LetterRow& row) const {
  // UIDs of another time say nothing.
  const bool is_same = backing_.cache.read([&](const cache::View& view) {
    const auto* folder = folders_.tree()->find_wire(row.mailbox);
    const auto mailbox = folder == nullptr ? std::nullopt : view.mailbox(folder->id);
    return mailbox && mailbox->uid_validity == row.uid_validity;
  });
  return Uid{is_same ? row.from_uid : 1};
}

}  // namespace fs
