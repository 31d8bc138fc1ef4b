#pragma once
/// The messages' octets: from the cache, or from the server through the cache, ahead of who reads
/// in order. Part of MailStore; any thread.

#include "fs/mail/account_status.h"
#include "fs/mail/backing.h"
#include "fs/mail/body_batch.h"
#include "fs/mail/changes.h"
#include "fs/mail/folders.h"
#include "fs/mail/heads.h"
#include "fs/mail/interrupt.h"
#include "fs/mail/message_key.h"
#include "fs/mail/scan.h"
#include "imap/base/synchronized.h"

#include <cstdint>
#include <exception>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

namespace fs {

/// Octets of a message, valid within the call that hands them out.
struct Piece {
  std::span<const std::span<const std::byte>> octets;
  /// The message is larger than was announced: whoever trusts attributes given out before would
  /// stop too early. One that is smaller ends early by itself.
  bool has_grown = false;
};

class Bodies {
 public:
  using Consume = std::function<void(const Piece&)>;

  Bodies(Backing backing, Changes& changes, Folders& folders)
      : backing_(std::move(backing)), changes_(changes), folders_(folders) {}

  /// As MailStore::read.
  void read(cache::MailboxId mailbox, imap::Uid uid, std::uint64_t offset, std::uint64_t length,
            Interrupt& interrupt, const Consume& consume);
  /// As MailStore::cached_body.
  std::optional<std::vector<std::byte>> cached(const MessageKey& key, std::uint64_t most) const;
  /// As MailStore::learn_size.
  std::uint64_t learn_size(cache::MailboxId mailbox, imap::Uid uid, Interrupt& interrupt);
  AccountStatus::Bodies counts() const;
  /// The true size of a body that is on its way.
  std::optional<std::uint64_t> arriving_size(cache::MailboxId mailbox, imap::Uid uid) const;

 private:
  struct Fetches {
    std::unordered_map<MessageKey, std::shared_ptr<BodyFetch>, MessageKeyHash> running;
    std::list<std::pair<MessageKey, BodyBatch::Settled>> kept;  // not in the cache, oldest first
    std::uint64_t kept_bytes = 0;
    std::unordered_set<MessageKey, MessageKeyHash> grown;
  };

  bool read_cached(const MessageKey& key, std::uint64_t offset, std::uint64_t length,
                   const Consume& consume, std::uint64_t& size_hint) const;
  bool read_arriving(const BodyData& data, std::uint64_t offset, std::uint64_t length,
                     bool has_grown, const Consume& consume) const;
  bool read_head(const MessageKey& key, std::uint64_t offset, std::uint64_t length,
                 Interrupt& interrupt, const Consume& consume);
  bool is_arriving(const MessageKey& key) const;
  std::shared_ptr<BodyFetch> join_fetch(const MessageKey& key);
  void settle(cache::MailboxId mailbox, const BodyBatch::Settled& settled);

  // bodies_fetch.cpp
  using Work = std::function<void(imap::Session& session, const std::string& wire_name,
                                  std::uint64_t uid_validity)>;
  using OnError = std::function<void(const std::exception_ptr& error)>;
  /// Has a connection do something about messages of a mailbox; `on_error` if it does not end well.
  void run(cache::MailboxId mailbox, imap::Lane lane, const std::string& what, Work work,
           const OnError& on_error);
  void open(imap::Session& session, const std::string& name, std::uint64_t uid_validity);
  void start_fetch(cache::MailboxId mailbox, const BodyBatch::Wanted& wanted);
  void start_head(const MessageKey& key, const std::shared_ptr<BodyFetch>& head);
  void fetch(imap::Session& session, cache::MailboxId mailbox, std::uint64_t uid_validity,
             const std::string& wire_name, const BodyBatch::Wanted& wanted);
  void fetch_singly(imap::Session& session, cache::MailboxId mailbox,
                    const BodyBatch::Wanted& wanted, BodyBatch& batch);
  void report_missing(imap::Session& session, cache::MailboxId mailbox,
                      const BodyBatch::Wanted& wanted, const imap::UidSet& missing);
  void give_up(cache::MailboxId mailbox, const BodyBatch::Wanted& wanted,
               const std::exception_ptr& error);

  // bodies_ahead.cpp
  void note_read(const MessageKey& key, bool is_cached);
  void observe_scan(const MessageKey& key);
  /// The direction in which the message is one of the next behind `before`.
  std::optional<Scan::Direction> direction_to(const MessageKey& key,
                                              std::optional<std::uint32_t> before) const;
  void hand_ahead(cache::MailboxId mailbox, imap::Uid uid);
  void read_ahead(cache::MailboxId mailbox);
  void fetch_ahead(cache::MailboxId mailbox,
                   const std::vector<std::pair<std::uint32_t, std::uint64_t>>& absent);

  const Backing backing_;
  Changes& changes_;
  Folders& folders_;
  mutable imap::Synchronized<Fetches> fetches_;
  Heads heads_;
  imap::Synchronized<AccountStatus::Bodies> counts_;
  imap::Synchronized<std::unordered_map<std::uint32_t, Scan>> scans_;
};

}  // namespace fs
