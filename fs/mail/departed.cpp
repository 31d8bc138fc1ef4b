#include "fs/mail/departed.h"

namespace fs {

void Departed::add(const MessageKey& key, const Message& message) {
  table_.with([&](Table& table) {
    if (!table.messages.insert_or_assign(key, message).second) return;
    table.order.push_back(key);
    if (table.order.size() <= kMost) return;
    table.messages.erase(table.order.front());
    table.order.pop_front();
  });
}

std::optional<Departed::Message> Departed::find(const MessageKey& key) const {
  return table_.with([&key](const Table& table) -> std::optional<Message> {
    const auto found = table.messages.find(key);
    return found == table.messages.end() ? std::nullopt : std::optional(found->second);
  });
}

}  // namespace fs
