#pragma once
/// Messages that keep the inode number which they had before: one that was moved, and a file that
/// was written and became a message. All others have the number that their mailbox and UID make.
/// Where the original of a moved message stays, marked as deleted (a server without UIDPLUS), and
/// another client takes the mark off, it has a new number. Bounded: the oldest get their own number
/// again. Any thread.

#include "fs/mail/message_key.h"
#include "fs/tree/inode_numbers.h"
#include "imap/base/synchronized.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <unordered_map>

namespace fs {

class InodeMap {
 public:
  static constexpr std::size_t kMost = 100'000;

  /// What has the number `kept` is this message from now on.
  void bind(Ino kept, const MessageKey& now);
  /// The number of a message.
  Ino ino_of(const MessageKey& key) const;
  /// Whether the number that its mailbox and UID make is another message's: it was moved.
  bool has_left(const MessageKey& key) const;
  /// The message that has a number, by this table or by its mailbox and UID; nothing when the
  /// number is no message's.
  std::optional<MessageKey> message_of(Ino ino) const;

 private:
  struct Table {
    std::unordered_map<std::uint64_t, MessageKey> by_ino;
    std::unordered_map<MessageKey, Ino, MessageKeyHash> by_key;
    std::deque<Ino> order;
    std::uint32_t reappeared = 0;
  };

  static void assign(Table& table, Ino kept, const MessageKey& now);

  imap::Synchronized<Table> table_;
};

}  // namespace fs
