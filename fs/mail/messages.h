#pragma once
/// Which messages the mailboxes have: synchronises the cache with the server, and reads the result.
/// Part of MailStore; any thread.

#include "fs/mail/backing.h"
#include "fs/mail/folders.h"
#include "fs/mail/interrupt.h"
#include "fs/mail/listing.h"
#include "imap/base/synchronized.h"
#include "imap/session/resync.h"

#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

namespace fs {

enum class MayWait { no, yes };

class Messages {
 public:
  Messages(const Backing& backing, Folders& folders) : backing_(backing), folders_(folders) {}

  // What MailStore promises; see there.

  void freshen(cache::MailboxId mailbox, Interrupt& interrupt);
  void visit(cache::MailboxId mailbox, std::uint32_t below, MayWait may_wait, Interrupt& interrupt,
             const std::function<bool(const cache::MessageRow&)>& visit);
  std::optional<cache::MessageRow> find(cache::MailboxId mailbox, imap::Uid uid,
                                        Interrupt& interrupt);
  std::optional<cache::MessageRow> cached(cache::MailboxId mailbox, imap::Uid uid) const;
  std::optional<std::int64_t> last_change(cache::MailboxId mailbox) const;

 private:
  using Clock = imap::Deadline::Clock;
  struct State {
    std::optional<Clock::time_point> synced;
    std::shared_ptr<Listing> running;
    std::optional<std::int64_t> changed;  // unix seconds
  };

  std::shared_ptr<Listing> join_sync(cache::MailboxId mailbox);
  bool is_fresh(const State& state) const;
  bool is_listed(cache::MailboxId mailbox) const;

  // messages_sync.cpp
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

  const Backing backing_;
  Folders& folders_;
  imap::Synchronized<std::unordered_map<std::uint32_t, State>> states_;
};

}  // namespace fs
