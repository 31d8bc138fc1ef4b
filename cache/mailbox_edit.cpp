#include "cache/mailbox_edit.h"

#include <algorithm>

namespace cache {
namespace {

/// A damaged row is about to be replaced or removed: that it cannot be read is no reason to keep
/// it.
std::uint64_t size_in(Bytes row) {
  try {
    return decode_message_size(row);
  } catch (const CorruptError&) {
    return 0;
  }
}

void take_off(Totals& totals, std::uint64_t bytes) {
  totals.bytes -= std::min(bytes, totals.bytes);
}

}  // namespace

std::optional<Totals> MailboxEdit::totals_of(MailboxId mailbox) const {
  const auto row = txn_.get(tables_.totals, key_of(mailbox.value));
  if (!row) return std::nullopt;
  return decode_totals(*row);
}

void MailboxEdit::put_totals(MailboxId mailbox, const Totals& totals) {
  txn_.put(tables_.totals, key_of(mailbox.value), encode(totals).bytes());
}

MailboxId MailboxEdit::add(const MailboxRow& row) {
  txn_.require_growth();
  const auto last = std::max<std::uint64_t>(meta_number(txn_, tables_, Meta::last_mailbox),
                                            kFirstMailboxId.value - 1);
  if (last >= kLastMailboxId.value) throw Error("the cache has used up its mailbox numbers");
  const MailboxId id{static_cast<std::uint32_t>(last + 1)};
  put_meta_number(txn_, tables_, Meta::last_mailbox, id.value);
  txn_.put(tables_.mailboxes, key_of(id.value), encode(row).bytes());
  put_totals(id, {});
  return id;
}

bool MailboxEdit::put(MailboxId id, const MailboxRow& row) {
  if (!txn_.get(tables_.mailboxes, key_of(id.value))) return false;
  txn_.put(tables_.mailboxes, key_of(id.value), encode(row).bytes());
  return true;
}

bool MailboxEdit::erase(MailboxId id) {
  const auto key = key_of(id.value);
  if (!txn_.erase(tables_.mailboxes, key)) return false;
  txn_.erase(tables_.totals, key);
  txn_.put(tables_.erased, key, {});
  return true;
}

bool MailboxEdit::put_message(MailboxId mailbox, const MessageRow& row) {
  if (row.uid == 0) throw Error("a message row without a UID");
  auto totals = totals_of(mailbox);
  if (!totals) return false;
  const auto key = key_of(mailbox.value, row.uid);
  if (const auto old = txn_.get(tables_.messages, key)) {
    take_off(*totals, size_in(*old));
  } else {
    txn_.require_growth();
    ++totals->messages;
  }
  totals->bytes += row.size;
  txn_.put(tables_.messages, key, encode(row).bytes());
  put_totals(mailbox, *totals);
  return true;
}

bool MailboxEdit::put_flags(MailboxId mailbox, std::uint32_t uid, std::uint32_t flags,
                            const std::vector<std::string>& keywords, std::uint64_t modseq) {
  const auto key = key_of(mailbox.value, uid);
  const auto old = txn_.get(tables_.messages, key);
  if (!old || !totals_of(mailbox)) return false;
  auto row = decode_message(uid, *old);
  row.flags = flags;
  row.keywords = keywords;
  row.modseq = modseq;
  txn_.put(tables_.messages, key, encode(row).bytes());
  return true;
}

void MailboxEdit::put_account(const AccountRow& row) {
  txn_.put(tables_.meta, bytes_of(kAccountKey), encode(row).bytes());
}

bool MailboxEdit::erase_message(MailboxId mailbox, std::uint32_t uid) {
  auto totals = totals_of(mailbox);
  const auto key = key_of(mailbox.value, uid);
  const auto old = txn_.get(tables_.messages, key);
  if (!totals || !old) return false;
  --totals->messages;
  take_off(*totals, size_in(*old));
  txn_.erase(tables_.messages, key);
  put_totals(mailbox, *totals);
  return true;
}

MailboxEdit::Swept MailboxEdit::sweep(std::size_t most) {
  Swept swept;
  for (;;) {
    const auto next = Cursor(txn_, tables_.erased).first();
    if (!next) return swept;
    const MailboxId mailbox{number_at<std::uint32_t>(next->key)};
    swept.rows += sweep(mailbox, most - swept.rows);
    swept.more = swept.rows == most;
    if (swept.more) return swept;
    txn_.erase(tables_.erased, key_of(mailbox.value));
  }
}

std::size_t MailboxEdit::sweep(MailboxId mailbox, std::size_t most) {
  std::size_t swept = 0;
  Cursor cursor(txn_, tables_.messages);
  auto entry = cursor.at_or_after(key_of(mailbox.value, std::uint32_t{0}));
  while (entry && swept < most && number_at<std::uint32_t>(entry->key) == mailbox.value) {
    cursor.erase(txn_);
    ++swept;
    entry = cursor.next();
  }
  return swept;
}

}  // namespace cache
