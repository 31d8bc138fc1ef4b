#include "fs/tree/inode_map.h"

namespace fs {
namespace {

Ino own_number(const MessageKey& key) {
  return ino_of(MailboxId{key.mailbox}, Uid{key.uid});
}

}  // namespace

void InodeMap::bind(Ino kept, const MessageKey& now) {
  const auto before = message_of(kept);
  table_.with([&](Table& table) {
    assign(table, kept, now);
    if (!before || *before == now) return;
    const auto own = own_number(*before);
    if (table.by_ino.contains(own.value))
      assign(table, reappeared_ino(table.reappeared++), *before);
  });
}

void InodeMap::assign(Table& table, Ino kept, const MessageKey& now) {
  const auto before = table.by_ino.find(kept.value);
  if (before != table.by_ino.end()) {
    table.by_key.erase(before->second);
  } else {
    table.order.push_back(kept);
  }
  table.by_ino.insert_or_assign(kept.value, now);
  table.by_key.insert_or_assign(now, kept);
  if (table.order.size() <= kMost) return;
  const auto oldest = table.by_ino.find(table.order.front().value);
  table.by_key.erase(oldest->second);
  table.by_ino.erase(oldest);
  table.order.pop_front();
}

Ino InodeMap::ino_of(const MessageKey& key) const {
  const auto kept = table_.with([&key](const Table& table) -> std::optional<Ino> {
    const auto found = table.by_key.find(key);
    return found == table.by_key.end() ? std::nullopt : std::optional(found->second);
  });
  return kept ? *kept : own_number(key);
}

bool InodeMap::has_left(const MessageKey& key) const {
  return message_of(own_number(key)) != key;
}

std::optional<MessageKey> InodeMap::message_of(Ino ino) const {
  const auto now = table_.with([ino](const Table& table) -> std::optional<MessageKey> {
    const auto found = table.by_ino.find(ino.value);
    return found == table.by_ino.end() ? std::nullopt : std::optional(found->second);
  });
  if (now || !is_message(ino)) return now;
  return MessageKey{mailbox_of(ino).value, fs::uid_of(ino).value};
}

}  // namespace fs
