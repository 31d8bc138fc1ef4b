#pragma once
/// What the user has done to messages and the server has not confirmed: kept in the journal, and
/// laid over the cache for everybody who reads, so that it is visible at once. The cache itself
/// stays what the server has: a change that is refused is dropped here, and things are as they
/// were. Part of MailStore; any thread.
///
/// A message goes by where the server has it (mailbox and UID). One that is on its way to another
/// mailbox keeps that name until it is known under its new one.

#include "cache/journal.h"
#include "cache/store.h"
#include "fs/mail/flags_edit.h"
#include "fs/mail/folder_tree.h"
#include "fs/mail/interrupt.h"
#include "fs/mail/message_key.h"
#include "imap/base/deadline.h"
#include "imap/base/synchronized.h"

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace fs {

/// The edit that a row of the journal stands for.
FlagsEdit flags_edit(const cache::ChangeRow& row);

struct PendingChange {
  cache::RecordId id;
  cache::ChangeRow row;
  cache::MailboxId mailbox;  // where the message is
  cache::MailboxId target;   // of a move

  MessageKey key() const { return {mailbox.value, row.message.uid}; }
};

class Pending {
 public:
  explicit Pending(cache::Journal& journal) : journal_(journal) {}

  /// Takes up what an earlier mount has left. Changes of folders that are gone are dropped, and
  /// returned.
  std::vector<cache::ChangeRow> load(const FolderTree& folders);

  // For those who read

  /// Whether anything here is about this mailbox; when not, the cache is the truth.
  bool concerns(cache::MailboxId mailbox) const;
  /// Whether the message is not in its mailbox any more, in the eyes of the user.
  bool hides(const MessageKey& key, const cache::MessageRow& row) const;
  /// The messages that leave this mailbox. Asked for before their rows are read: a change that ends
  /// in between shows in rows that are read later, and no longer here.
  std::unordered_set<std::uint32_t> leaving(cache::MailboxId mailbox) const;
  bool is_leaving(const MessageKey& key) const;
  /// Whether the user deleted it.
  bool is_removed(const MessageKey& key) const;
  /// Puts the flags that the user gave it into the row.
  void patch(const MessageKey& key, cache::MessageRow& row) const;
  /// A message that is on its way into a mailbox.
  struct Arrival {
    cache::RecordId id;  // ascending in the order of time
    MessageKey key;
    std::string name;
  };
  std::vector<Arrival> arrivals(cache::MailboxId mailbox) const;
  std::optional<MessageKey> arrival(cache::MailboxId mailbox, std::string_view name) const;
  /// Where the message is on its way to.
  std::optional<Arrival> destination(const MessageKey& key, cache::MailboxId& mailbox) const;

  // For the user

  /// What is being sent cannot be changed any more.
  enum class Taken { yes, being_sent };

  Taken set_flags(const MessageKey& key, const cache::MessageName& message, const FlagsEdit& edit);
  Taken remove(const MessageKey& key, const cache::MessageName& message,
               const cache::MessageRow& row);
  /// Moving it back to where it is on the server only takes an earlier move back.
  struct Target {
    cache::MailboxId mailbox;
    std::string wire_name;
    std::string name;
  };
  Taken move(const MessageKey& key, const cache::MessageName& message, const cache::MessageRow& row,
             const Target& target);
  /// Waits until none of the message's changes is being sent; false at the deadline.
  bool wait_unsent(const MessageKey& key, imap::Deadline deadline, Interrupt& interrupt);

  /// Whether anything of this message waits or is being sent.
  bool has_changes(const MessageKey& key) const;

  // Barriers

  /// The last change that there is.
  cache::RecordId last() const;
  /// Waits until all up to this one have been confirmed or refused; false at the deadline.
  bool wait_ended(cache::RecordId last, imap::Deadline deadline, Interrupt& interrupt);
  /// The same of all changes of one message.
  bool wait_ended(const MessageKey& key, imap::Deadline deadline, Interrupt& interrupt);
  std::size_t size() const;
  void wake_all() { changed_.notify_all(); }

  // For the outbox

  struct Batch {
    cache::MailboxId mailbox;
    std::vector<PendingChange> changes;  // of one message in the order of time
  };
  /// The changes of the mailbox in which something has waited longest, at most so many messages;
  /// from now on they are being sent. Nothing when nothing waits.
  std::optional<Batch> take(std::size_t most);
  /// They may have been sent, or not: they wait again.
  void put_back(const std::vector<cache::RecordId>& ids);
  /// Writes how far a change got.
  void advance(const PendingChange& change);
  void ended(const std::vector<cache::RecordId>& ids);
  bool has(cache::RecordId id) const;
  /// What was written before is on the disk when this returns.
  void sync() { journal_.sync(); }

  // What the server keeps although the user deleted it

  void mark(const MessageKey& key, const cache::MessageName& message);
  /// The messages have gone.
  void unmark(cache::MailboxId mailbox, const std::vector<std::uint32_t>& uids);
  /// The mailbox has another name at the server now.
  void renamed(cache::MailboxId mailbox, const std::string& wire_name);

 private:
  struct Held {
    PendingChange change;
    bool sending = false;
    bool tried = false;  // it may have been sent
  };
  struct Mark {
    cache::RecordId id;
    std::uint64_t uid_validity = 0;
  };
  struct State {
    std::unordered_map<MessageKey, std::vector<Held>, MessageKeyHash> changes;
    std::map<std::uint64_t, MessageKey> order;  // by record
    std::unordered_map<std::uint32_t, std::size_t> by_mailbox;
    std::unordered_map<std::uint32_t, std::map<std::uint64_t, MessageKey>> arrivals;  // by target
    std::unordered_map<std::uint32_t, std::map<std::uint32_t, Mark>> marks;

    const std::vector<Held>* of(const MessageKey& key) const;
    bool is_fixed(const MessageKey& key) const;
    const PendingChange* leaving(const MessageKey& key) const;
    const PendingChange* new_flags(const MessageKey& key) const;
    void insert(PendingChange change);
    void replace(const PendingChange& change);
    void erase(cache::RecordId id);
  };

  Taken leave(const MessageKey& key, cache::ChangeRow row, cache::MailboxId target);
  void add(const MessageKey& key, cache::ChangeRow row, cache::MailboxId target);

  cache::Journal& journal_;
  std::mutex writing_;  // whoever changes something holds it from the first look to the last write
  imap::Synchronized<State> state_;
  std::condition_variable_any changed_;
};

}  // namespace fs
