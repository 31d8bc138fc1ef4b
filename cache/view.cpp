#include "cache/view.h"

#include <algorithm>
#include <limits>

namespace cache {
namespace {

constexpr std::size_t kUidOffset = sizeof(MailboxId::value);

bool is_of(MailboxId mailbox, const Cursor::Entry& entry) {
  return number_at<std::uint32_t>(entry.key) == mailbox.value;
}

std::uint32_t uid_of(const Cursor::Entry& entry) {
  return number_at<std::uint32_t>(entry.key, kUidOffset);
}

}  // namespace

std::vector<std::pair<MailboxId, MailboxRow>> View::mailboxes() const {
  std::vector<std::pair<MailboxId, MailboxRow>> all;
  Cursor cursor(reading_, tables_.mailboxes);
  for (auto entry = cursor.first(); entry; entry = cursor.next()) {
    all.emplace_back(MailboxId{number_at<std::uint32_t>(entry->key)}, decode_mailbox(entry->value));
  }
  return all;
}

std::optional<AccountRow> View::account() const {
  const auto row = reading_.get(tables_.meta, bytes_of(kAccountKey));
  if (!row) return std::nullopt;
  return decode_account(*row);
}

std::optional<MailboxRow> View::mailbox(MailboxId id) const {
  const auto row = reading_.get(tables_.mailboxes, key_of(id.value));
  if (!row) return std::nullopt;
  return decode_mailbox(*row);
}

std::optional<Totals> View::totals_of(MailboxId mailbox) const {
  const auto row = reading_.get(tables_.totals, key_of(mailbox.value));
  if (!row) return std::nullopt;
  return decode_totals(*row);
}

std::optional<MessageRow> View::message(MailboxId mailbox, std::uint32_t uid) const {
  const auto row = reading_.get(tables_.messages, key_of(mailbox.value, uid));
  // The rows of an erased mailbox are there until they are swept.
  if (!row || !totals_of(mailbox)) return std::nullopt;
  MessageDecoder decoder;
  const auto* const message = decode(decoder, mailbox, uid, *row);
  return message == nullptr ? std::nullopt : std::optional(*message);
}

/// Null when the row is damaged and that was noted.
const MessageRow* View::decode(MessageDecoder& decoder, MailboxId mailbox, std::uint32_t uid,
                               Bytes bytes) const {
  try {
    return &decoder.decode(uid, bytes);
  } catch (const CorruptError&) {
    if (damage_ == nullptr) throw;
    damage_->messages.emplace_back(mailbox, uid);
    return nullptr;
  }
}

void View::messages_below(MailboxId mailbox, std::uint32_t below,
                          const std::function<bool(const MessageRow&)>& visit) const {
  if (!totals_of(mailbox)) return;
  MessageDecoder decoder;
  Cursor cursor(reading_, tables_.messages);
  const auto end =
      below == 0 ? key_of(mailbox.value + 1, std::uint32_t{0}) : key_of(mailbox.value, below);
  for (auto entry = cursor.before(end); entry && is_of(mailbox, *entry);
       entry = cursor.previous()) {
    const auto* const row = decode(decoder, mailbox, uid_of(*entry), entry->value);
    if (row != nullptr && !visit(*row)) return;
  }
}

void View::messages_above(MailboxId mailbox, std::uint32_t above,
                          const std::function<bool(const MessageRow&)>& visit) const {
  if (!totals_of(mailbox) || above == std::numeric_limits<std::uint32_t>::max()) return;
  MessageDecoder decoder;
  Cursor cursor(reading_, tables_.messages);
  for (auto entry = cursor.at_or_after(key_of(mailbox.value, above + 1));
       entry && is_of(mailbox, *entry); entry = cursor.next()) {
    const auto* const row = decode(decoder, mailbox, uid_of(*entry), entry->value);
    if (row != nullptr && !visit(*row)) return;
  }
}

std::vector<std::pair<std::uint32_t, std::uint32_t>> View::uid_ranges(MailboxId mailbox) const {
  std::vector<std::pair<std::uint32_t, std::uint32_t>> ranges;
  if (!totals_of(mailbox)) return ranges;
  Cursor cursor(reading_, tables_.messages);
  for (auto entry = cursor.at_or_after(key_of(mailbox.value, std::uint32_t{0}));
       entry && is_of(mailbox, *entry); entry = cursor.next()) {
    const auto uid = uid_of(*entry);
    if (!ranges.empty() && ranges.back().second + 1 == uid) {
      ranges.back().second = uid;
    } else {
      ranges.emplace_back(uid, uid);
    }
  }
  return ranges;
}

std::uint32_t View::message_count(MailboxId mailbox) const {
  return static_cast<std::uint32_t>(totals_of(mailbox).value_or(Totals{}).messages);
}

Totals View::totals() const {
  Totals sum;
  Cursor cursor(reading_, tables_.totals);
  for (auto entry = cursor.first(); entry; entry = cursor.next()) {
    const auto totals = decode_totals(entry->value);
    sum.messages += totals.messages;
    sum.bytes += totals.bytes;
  }
  return sum;
}

std::optional<BodyId> View::body_of(const MessageRow& row) const {
  if (row.body.value != 0 && body_size(row.body)) return row.body;
  if (!is_object_id(row.object_id)) return std::nullopt;
  const auto shared = reading_.get(tables_.objects, bytes_of(row.object_id));
  if (!shared) return std::nullopt;
  const BodyId body{number_at<std::uint64_t>(*shared)};
  // A server whose ids lie is believed only as far as the sizes agree.
  return body_size(body) == row.size ? std::optional(body) : std::nullopt;
}

std::optional<std::uint64_t> View::body_size(BodyId body) const {
  const auto row = reading_.get(tables_.body_infos, key_of(body.value));
  if (!row) return std::nullopt;
  try {
    return decode_body_info(*row).size;
  } catch (const CorruptError&) {
    if (damage_ == nullptr) throw;
    damage_->bodies.push_back(body);
    return std::nullopt;
  }
}

std::uint64_t View::body_bytes() const {
  return meta_number(reading_, tables_, Meta::body_bytes);
}

bool View::body(BodyId body, std::uint64_t offset, std::uint64_t length,
                const std::function<void(Bytes)>& visit) const {
  const auto size = body_size(body);
  if (size) length = offset < *size ? std::min(length, *size - offset) : 0;
  if (length == 0) return size.has_value();
  auto index = offset / kChunkSize;
  auto skipped = offset % kChunkSize;
  for (;; ++index, skipped = 0) {
    if (index > std::numeric_limits<std::uint32_t>::max()) return false;
    const auto chunk =
        reading_.get(tables_.bodies, key_of(body.value, static_cast<std::uint32_t>(index)));
    if (!chunk || chunk->size() <= skipped) return false;
    const auto piece = chunk->subspan(skipped, std::min(length, chunk->size() - skipped));
    visit(piece);
    length -= piece.size();
    if (length == 0) return true;
    if (chunk->size() != kChunkSize) return false;
  }
}

}  // namespace cache
