#pragma once
/// Which messages the mailboxes have: synchronises the cache with the server, and reads the result.
/// Part of MailStore; any thread.

#include "fs/mail/backing.h"
#include "fs/mail/changes.h"
#include "fs/mail/folders.h"
#include "fs/mail/interrupt.h"
#include "fs/mail/listing.h"
#include "fs/mail/stale_wait.h"
#include "imap/base/synchronized.h"
#include "imap/session/resync.h"
#include "imap/session/updates.h"

#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace fs {

enum class MayWait { no, yes };

class Messages {
 public:
  Messages(Backing backing, StaleWait& stale_wait, Changes& changes, Folders& folders)
      : backing_(std::move(backing)),
        stale_wait_(stale_wait),
        changes_(changes),
        folders_(folders) {}

  // What MailStore promises; see there.

  void freshen(cache::MailboxId mailbox, Interrupt& interrupt);
  void visit(cache::MailboxId mailbox, std::uint32_t below, MayWait may_wait, Interrupt& interrupt,
             const std::function<bool(const cache::MessageRow&)>& visit);
  std::optional<cache::MessageRow> find(cache::MailboxId mailbox, imap::Uid uid,
                                        Interrupt& interrupt);
  std::optional<cache::MessageRow> cached(cache::MailboxId mailbox, imap::Uid uid) const;

  /// Whether all of its messages were known once: what comes and goes since then is told of.
  bool is_listed(cache::MailboxId mailbox) const;

  // What the server tells unasked: messages_updates.cpp. On a connection's thread.

  /// Takes in what was told of mailboxes that were open, and compares those of which not enough was
  /// told to be in step again.
  void apply(const imap::Updates& updates);
  /// Compares a mailbox that was listed before when these counts are not what is known of it.
  void note_status(const imap::StatusRow& status);
  /// Whether the counts of a mailbox are of use: it was listed before, and nobody tells when it
  /// changes.
  bool is_worth_asking(const std::string& wire_name) const;
  /// Nothing that was told counts any more: every mailbox is compared when somebody looks at it.
  void distrust();
  /// Begins a comparison, or has the running one followed by another; nothing when the folder has
  /// gone. A session that has heard all there is to hear (`told`, its id; 0: none) goes on from
  /// there; any other one asks the server.
  void request_sync(cache::MailboxId mailbox, std::uint64_t told = 0);

 private:
  using Clock = imap::Deadline::Clock;
  struct State {
    std::optional<Clock::time_point> compared;  // of the last synchronisation that went well
    bool complete = false;                      // that one found all that the server counts
    std::shared_ptr<Listing> running;
    Clock::time_point compared_last{};      // of the running one
    std::optional<Clock::time_point> used;  // when somebody looked at it last
    bool told = false;  // of something that the running comparison may have missed
    std::optional<Clock::time_point> flags_asked;  // where there are no mod-sequences
    std::uint32_t flags_below = 0;                 // of which messages next
  };

  std::shared_ptr<Listing> join_sync(cache::MailboxId mailbox);
  void start_sync(const std::shared_ptr<Listing>& listing, const std::string& name,
                  std::uint64_t told = 0);
  /// For somebody who could be given what is known: waits a moment.
  void wait_a_moment(Listing& listing, Interrupt& interrupt);
  bool is_fresh(const State& state, const std::string& name) const;
  bool is_running(cache::MailboxId mailbox) const;
  static bool is_plain(const cache::MailboxRow& row);

  // messages_sync.cpp
  void sync(imap::Session& session, const std::shared_ptr<Listing>& listing, imap::Look look);
  imap::MailboxDelta compare(imap::Session& session, const std::string& name,
                             const imap::KnownMailbox& known, imap::Look look);
  imap::UidSet stale_flags(cache::MailboxId mailbox, const cache::MailboxRow& row);
  cache::MailboxId begin_anew(cache::MailboxId mailbox, cache::MailboxRow row,
                              const imap::MailboxDelta& delta,
                              const std::shared_ptr<Listing>& listing);
  cache::MailboxId replace_mailbox(cache::MailboxId old, const cache::MailboxRow& row,
                                   const std::shared_ptr<Listing>& listing);
  /// What is still to be fetched of a mailbox, and what is true of it afterwards.
  struct Missing {
    cache::MailboxId mailbox;
    imap::MailboxDelta delta;
    bool had_watermark = false;
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
  StaleWait& stale_wait_;
  Changes& changes_;
  Folders& folders_;
  imap::Synchronized<std::unordered_map<std::uint32_t, State>> states_;
};

}  // namespace fs
