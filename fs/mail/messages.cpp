#include "fs/mail/messages.h"

#include <algorithm>

namespace fs {

bool Messages::is_fresh(const State& state) const {
  return state.synced && Clock::now() - *state.synced < backing_.settings.mailbox_fresh;
}

bool Messages::is_listed(cache::MailboxId mailbox) const {
  return backing_.cache.read([mailbox](const cache::View& view) {
    const auto row = view.mailbox(mailbox);
    return row && row->listed;
  });
}

std::shared_ptr<Listing> Messages::join_sync(cache::MailboxId mailbox) {
  const auto name = folders_.wire_name(mailbox);
  bool start = false;
  auto listing = states_.with([&](auto& states) -> std::shared_ptr<Listing> {
    auto& sync = states[mailbox.value];
    if (sync.running || is_fresh(sync)) return sync.running;
    start = true;
    sync.running = std::make_shared<Listing>(mailbox);
    return sync.running;
  });
  if (!start) return listing;
  backing_.pool
      .run({name, imap::Lane::interactive},
           [this, listing](imap::Session& session) { sync(session, listing); })
      .on_done([this, listing](const std::exception_ptr& error) {
        // When it went well, the job or its second part has said so.
        if (error) end_sync(listing, error);
      });
  return listing;
}

void Messages::end_sync(const std::shared_ptr<Listing>& listing, const std::exception_ptr& error) {
  states_.with([&](auto& states) {
    auto& sync = states[listing->mailbox().value];
    if (sync.running != listing) return;
    sync.running.reset();
    // Rows that could not be stored have ended the listing before.
    if (!error && !listing->has_failed()) sync.synced = Clock::now();
  });
  listing->finish(error);
}

void Messages::freshen(cache::MailboxId mailbox, Interrupt& interrupt) {
  const auto listing = join_sync(mailbox);
  if (!listing) return;
  if (is_listed(mailbox)) {
    // The moment counts from the beginning of the synchronisation, so that of many who come while a
    // server is silent only the first waits.
    listing->wait_finished(imap::Deadline(listing->started() + backing_.settings.stale_wait),
                           interrupt);
    return;
  }
  listing->wait_for(imap::Uid{imap::kMaxUid.value - 1}, backing_.patience(), interrupt);
}

void Messages::visit(cache::MailboxId mailbox, std::uint32_t below, MayWait may_wait,
                     Interrupt& interrupt,
                     const std::function<bool(const cache::MessageRow&)>& visit) {
  if (below == 1) return;  // no UID is lower
  const auto first = below == 0 ? imap::kMaxUid : imap::Uid{below - 1};
  bool resumed = false;
  while (true) {
    auto listing = states_.with([&](auto& states) { return states[mailbox.value].running; });
    if (listing && is_listed(mailbox)) listing.reset();
    const auto floor = listing ? listing->floor() : imap::Uid{0};
    bool visited = false;
    backing_.cache.read([&](const cache::View& view) {
      view.messages_below(mailbox, below, [&](const cache::MessageRow& row) {
        if (row.uid < floor.value) return false;
        visited = true;
        return visit(row);
      });
    });
    if (visited || may_wait == MayWait::no) return;
    auto reached = floor.value;
    if (reached == 0) {
      // An end that is none: the first listing has failed, or was never begun.
      if (listing || resumed || is_listed(mailbox)) return;
      resumed = true;
      listing = join_sync(mailbox);
      if (!listing) return;
      reached = imap::kMaxUid.value;
    }
    listing->wait_for(imap::Uid{std::min(first.value, reached) - 1}, backing_.patience(),
                      interrupt);
  }
}

std::optional<cache::MessageRow> Messages::cached(cache::MailboxId mailbox, imap::Uid uid) const {
  return backing_.cache.read(
      [&](const cache::View& view) { return view.message(mailbox, uid.value); });
}

std::optional<cache::MessageRow> Messages::find(cache::MailboxId mailbox, imap::Uid uid,
                                                Interrupt& interrupt) {
  if (auto row = cached(mailbox, uid)) return row;
  const auto listing = join_sync(mailbox);
  if (!listing) return cached(mailbox, uid);
  if (is_listed(mailbox)) {
    listing->wait_finished(imap::Deadline(listing->started() + backing_.settings.stale_wait),
                           interrupt);
  } else {
    listing->wait_for(uid, backing_.patience(), interrupt);
  }
  return cached(mailbox, uid);
}

std::optional<std::int64_t> Messages::last_change(cache::MailboxId mailbox) const {
  return states_.with([mailbox](const auto& states) -> std::optional<std::int64_t> {
    const auto found = states.find(mailbox.value);
    return found == states.end() ? std::nullopt : found->second.changed;
  });
}

}  // namespace fs
