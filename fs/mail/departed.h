#pragma once
/// What is remembered of messages that have gone, for those who had them open: a file that was
/// deleted elsewhere can be read on as long as its body is cached. Bounded. Any thread.

#include "cache/rows.h"
#include "fs/mail/message_key.h"
#include "imap/base/synchronized.h"

#include <cstddef>
#include <deque>
#include <optional>
#include <unordered_map>

namespace fs {

class Departed {
 public:
  /// The oldest are forgotten first.
  static constexpr std::size_t kMost = 20'000;

  struct Message {
    cache::BodyId body;
    std::uint64_t size = 0;
    std::int64_t internal_date = 0;  // 0: the message went before its body came
  };

  void add(const MessageKey& key, const Message& message);
  std::optional<Message> find(const MessageKey& key) const;

 private:
  struct Table {
    std::unordered_map<MessageKey, Message, MessageKeyHash> messages;
    std::deque<MessageKey> order;
  };

  imap::Synchronized<Table> table_;
};

}  // namespace fs
