#pragma once
/// What the cache holds, as of one transaction. A view lives within `Store::read` or a work of the
/// writer, belongs to that thread, and must not be kept. Damaged rows throw CorruptError.

#include "cache/rows.h"
#include "cache/schema.h"

#include <functional>
#include <optional>
#include <utility>
#include <vector>

namespace cache {

/// Bodies are stored in pieces of this size, so that a reader of a few pages of a large message
/// waits for a piece of it only.
inline constexpr std::uint64_t kChunkSize = 128 * 1024;

/// Rows that could not be read.
struct Damage {
  std::vector<std::pair<MailboxId, std::uint32_t>> messages;
  std::vector<BodyId> bodies;

  bool found() const { return !messages.empty() || !bodies.empty(); }
};

class View {
 public:
  /// All must outlive the view. With `damage`, messages and bodies that are damaged are noted there
  /// and count as not cached, instead of throwing.
  View(const Txn& txn, const Tables& tables, Damage* damage = nullptr)
      : reading_(txn), tables_(tables), damage_(damage) {}
  View(const View&) = delete;
  View& operator=(const View&) = delete;

  /// Nothing until it was put.
  std::optional<AccountRow> account() const;

  /// Ascending by id.
  std::vector<std::pair<MailboxId, MailboxRow>> mailboxes() const;
  std::optional<MailboxRow> mailbox(MailboxId id) const;

  std::optional<MessageRow> message(MailboxId mailbox, std::uint32_t uid) const;
  /// Calls `visit` for the messages with a UID less than `below`, the highest first, until it
  /// returns false. `below` 0: from the highest of all. The row is valid only within the call, and
  /// `visit` must not write.
  void messages_below(MailboxId mailbox, std::uint32_t below,
                      const std::function<bool(const MessageRow&)>& visit) const;
  /// The same for the messages with a UID greater than `above`, the lowest first.
  void messages_above(MailboxId mailbox, std::uint32_t above,
                      const std::function<bool(const MessageRow&)>& visit) const;
  /// The UIDs that there are, ascending, as ranges of first and last; adjacent ones are joined.
  std::vector<std::pair<std::uint32_t, std::uint32_t>> uid_ranges(MailboxId mailbox) const;
  std::uint32_t message_count(MailboxId mailbox) const;
  /// Of all mailboxes. Costs one row per mailbox, not per message.
  Totals totals() const;

  /// The complete body of a message: the one that its row names, or one that was fetched for
  /// another message with the same object id and has the size that the row announces.
  std::optional<BodyId> body_of(const MessageRow& row) const;
  /// Nothing unless the body is complete.
  std::optional<std::uint64_t> body_size(BodyId body) const;
  /// Sum of the sizes of all complete bodies.
  std::uint64_t body_bytes() const;
  /// Calls `visit` with consecutive pieces of [offset, offset + length), straight from the map and
  /// valid only within the call; the range is cut at the end of a complete body. Of a body that is
  /// still being fetched, the chunks that are here can be read. False when the body is not known or
  /// a chunk is missing; some pieces may have been visited before that was found out.
  bool body(BodyId body, std::uint64_t offset, std::uint64_t length,
            const std::function<void(Bytes)>& visit) const;

 private:
  std::optional<Totals> totals_of(MailboxId mailbox) const;
  const MessageRow* decode(MessageDecoder& decoder, MailboxId mailbox, std::uint32_t uid,
                           Bytes bytes) const;

  const Txn& reading_;
  const Tables& tables_;
  Damage* const damage_;
};

}  // namespace cache
