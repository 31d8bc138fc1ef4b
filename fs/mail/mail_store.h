#pragma once
/// The account's mail: looked up in the cache first, then at the server, written through. Folders
/// and messages are named by ids; it knows neither paths nor inodes nor FUSE. One object for each
/// mount; any thread may call it. Every wait is bounded and can be interrupted.
///
/// Calls throw the errors of imap/base/errors.h and fs/mail/errors.h. A failing cache never fails a
/// read of a body.

#include "cache/store.h"
#include "fs/mail/body_batch.h"
#include "fs/mail/folder_tree.h"
#include "fs/mail/interrupt.h"
#include "fs/mail/listing.h"
#include "fs/mail/scan.h"
#include "imap/base/synchronized.h"
#include "imap/pool/pool.h"
#include "imap/session/resync.h"

#include <chrono>
#include <functional>
#include <list>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <unordered_set>

namespace fs {

class MailStore {
 public:
  struct Settings {
    /// Longest silence of the server before a wait for it fails.
    std::chrono::milliseconds timeout{30'000};
    /// How long what the server said last is taken as true without asking again.
    std::chrono::milliseconds mailbox_fresh{2'000};
    std::chrono::milliseconds folders_fresh{10'000};
    /// How long somebody who could be given what is cached waits for something newer.
    std::chrono::milliseconds stale_wait{1'000};
  };

  /// All must outlive the store; the pool must have been stopped before it is destroyed. `progress`
  /// is that of the pool's connections.
  MailStore(cache::Store& cache, imap::Pool& pool, const imap::Progress& progress,
            Settings settings);
  /// Waits until the cache's writer has done what it was given.
  ~MailStore();
  MailStore(const MailStore&) = delete;
  MailStore& operator=(const MailStore&) = delete;

  // Folders: mail_store.cpp

  /// The folders as they are known now; never waits.
  std::shared_ptr<const FolderTree> folders() const;
  /// Asks the server for its folders and waits for them.
  void load_folders(Interrupt& interrupt);
  /// Makes sure that the folders are fresh, or at least being freshened.
  void freshen_folders(Interrupt& interrupt);

  // Messages: mail_store_sync.cpp

  /// Makes sure that the listing of a folder is fresh. A folder that was listed before waits a
  /// moment only and goes on with what is cached; the first time it waits until rows begin to come.
  void freshen(cache::MailboxId mailbox, Interrupt& interrupt);
  /// Calls `visit` with the messages below a UID (0: from the newest) until it returns false. While
  /// a first listing is running these are the ones that have arrived; with MayWait::yes, when there
  /// are none, it waits for the next.
  enum class MayWait { no, yes };
  void visit_messages(cache::MailboxId mailbox, std::uint32_t below, MayWait may_wait,
                      Interrupt& interrupt,
                      const std::function<bool(const cache::MessageRow&)>& visit);
  /// The message, or nothing when the mailbox has none of this UID; asks the server if what is
  /// known is not fresh.
  std::optional<cache::MessageRow> find_message(cache::MailboxId mailbox, imap::Uid uid,
                                                Interrupt& interrupt);
  /// The message if it is cached; never waits.
  std::optional<cache::MessageRow> cached_message(cache::MailboxId mailbox, imap::Uid uid) const;
  /// When messages were last seen to come or go since the mount, in unix seconds.
  std::optional<std::int64_t> last_change(cache::MailboxId mailbox) const;
  cache::Totals totals() const;

  // Bodies: mail_store_read.cpp

  /// The size of a message for which the server gave none: begins to fetch it. 0 when it cannot be
  /// had.
  std::uint64_t learn_size(cache::MailboxId mailbox, imap::Uid uid, Interrupt& interrupt);

  struct Piece {
    std::span<const std::span<const std::byte>> octets;
    /// The message is larger than was announced: whoever trusts attributes given out before would
    /// stop too early. One that is smaller ends early by itself.
    bool has_grown = false;
  };
  /// Reads octets of a message, fewer than asked for only at its end, and calls `consume` exactly
  /// once unless it throws. What `consume` gets lives only within the call.
  void read(cache::MailboxId mailbox, imap::Uid uid, std::uint64_t offset, std::uint64_t length,
            Interrupt& interrupt, const std::function<void(const Piece&)>& consume);

 private:
  using Clock = imap::Deadline::Clock;
  struct Key {
    std::uint32_t mailbox;
    std::uint32_t uid;
    bool operator==(const Key&) const = default;
  };
  struct KeyHash {
    std::size_t operator()(const Key& key) const noexcept {
      return std::hash<std::uint64_t>{}(std::uint64_t{key.mailbox} << 32U | key.uid);
    }
  };
  struct Folders {
    FolderTree::Rows rows;
    Hierarchy hierarchy;
    std::shared_ptr<const FolderTree> tree = std::make_shared<FolderTree>();
    std::optional<Clock::time_point> loaded;
    std::optional<imap::Ticket> loading;
    Clock::time_point loading_since{};
  };
  struct MailboxSync {
    std::optional<Clock::time_point> synced;
    std::shared_ptr<Listing> running;
    std::optional<std::int64_t> changed;  // unix seconds
  };
  struct Fetches {
    std::unordered_map<Key, std::shared_ptr<BodyFetch>, KeyHash> running;
    std::list<std::pair<Key, BodyBatch::Settled>> kept;  // not in the cache, oldest first
    std::uint64_t kept_bytes = 0;
    std::unordered_set<Key, KeyHash> grown;
  };

  Patience patience() const { return {progress_, settings_.timeout}; }

  // mail_store.cpp
  imap::Ticket request_folders();
  void list_folders(imap::Session& session);
  void publish_folders(FolderTree::Rows rows, const std::optional<Hierarchy>& hierarchy);
  std::string wire_name(cache::MailboxId mailbox) const;

  // mail_store_sync.cpp
  std::shared_ptr<Listing> join_sync(cache::MailboxId mailbox);
  bool is_fresh(const MailboxSync& sync) const;
  bool is_listed(cache::MailboxId mailbox) const;
  void sync(imap::Session& session, const std::shared_ptr<Listing>& listing);
  cache::MailboxId replace_mailbox(cache::MailboxId old, const cache::MailboxRow& row,
                                   const std::shared_ptr<Listing>& listing);
  struct Missing {
    cache::MailboxId mailbox;
    imap::SelectedMailbox state;
    imap::UidSet uids;
  };
  void fetch_missing(imap::Session& session, const Missing& missing,
                     const std::shared_ptr<Listing>& listing);
  void repair(imap::Session& session, const Missing& missing, const imap::UidSet& lacking,
              const std::shared_ptr<Listing>& listing);
  void store_rows(const Missing& missing, const std::vector<imap::MessageSummary>& rows,
                  imap::Uid floor, const std::shared_ptr<Listing>& listing);
  void complete_sync(const Missing& missing);
  void end_sync(const std::shared_ptr<Listing>& listing, const std::exception_ptr& error);

  // mail_store_read.cpp
  bool read_cached(const Key& key, std::uint64_t offset, std::uint64_t length,
                   const std::function<void(const Piece&)>& consume,
                   std::uint64_t& size_hint) const;
  bool read_arriving(const BodyData& data, std::uint64_t offset, std::uint64_t length,
                     bool has_grown, const std::function<void(const Piece&)>& consume) const;
  bool is_arriving(const Key& key) const;
  std::shared_ptr<BodyFetch> join_fetch(const Key& key);
  void start_fetch(cache::MailboxId mailbox, const BodyBatch::Wanted& wanted);
  void fetch(imap::Session& session, cache::MailboxId mailbox, std::uint64_t uid_validity,
             const std::string& wire_name, const BodyBatch::Wanted& wanted);
  void fetch_singly(imap::Session& session, cache::MailboxId mailbox,
                    const BodyBatch::Wanted& wanted, BodyBatch& batch);
  void report_missing(imap::Session& session, cache::MailboxId mailbox,
                      const BodyBatch::Wanted& wanted, const imap::UidSet& missing);
  void settle(cache::MailboxId mailbox, const BodyBatch::Settled& settled);
  void give_up(cache::MailboxId mailbox, const BodyBatch::Wanted& wanted,
               const std::exception_ptr& error);

  // mail_store_ahead.cpp
  void note_read(const Key& key, bool is_cached);
  void observe_scan(const Key& key);
  void read_ahead(cache::MailboxId mailbox);
  void fetch_ahead(cache::MailboxId mailbox,
                   const std::vector<std::pair<std::uint32_t, std::uint64_t>>& absent);

  cache::Store& cache_;
  imap::Pool& pool_;
  const imap::Progress& progress_;
  const Settings settings_;
  mutable imap::Synchronized<Folders> folders_;
  mutable imap::Synchronized<std::unordered_map<std::uint32_t, MailboxSync>> syncs_;
  mutable imap::Synchronized<Fetches> fetches_;
  imap::Synchronized<std::unordered_map<std::uint32_t, Scan>> scans_;
};

}  // namespace fs
