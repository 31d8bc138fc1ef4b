// Which messages a mailbox has: synchronising the cache with the server, and reading the result.

#include "fs/mail/convert.h"
#include "fs/mail/errors.h"
#include "fs/mail/mail_store.h"
#include "imap/base/errors.h"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>

namespace fs {
namespace {

/// Rows of the first command of a listing, so that the first entries show soon, and of the largest.
constexpr std::size_t kFirstChunk = 100;
constexpr std::size_t kLargestChunk = 1000;
/// More rows than these are fetched as bulk work, so that short requests go past.
constexpr std::uint64_t kMostInteractive = 500;
/// Rows that one write transaction takes.
constexpr std::size_t kRowsPerWrite = 1000;

}  // namespace

bool MailStore::is_fresh(const MailboxSync& sync) const {
  return sync.synced && Clock::now() - *sync.synced < settings_.mailbox_fresh;
}

bool MailStore::is_listed(cache::MailboxId mailbox) const {
  return cache_.read([mailbox](const cache::View& view) {
    const auto row = view.mailbox(mailbox);
    return row && row->listed;
  });
}

std::shared_ptr<Listing> MailStore::join_sync(cache::MailboxId mailbox) {
  const auto name = wire_name(mailbox);
  bool start = false;
  auto listing = syncs_.with([&](auto& syncs) -> std::shared_ptr<Listing> {
    auto& sync = syncs[mailbox.value];
    if (sync.running || is_fresh(sync)) return sync.running;
    start = true;
    sync.running = std::make_shared<Listing>(mailbox);
    return sync.running;
  });
  if (!start) return listing;
  pool_
      .run({name, imap::Lane::interactive},
           [this, listing](imap::Session& session) { sync(session, listing); })
      .on_done([this, listing](const std::exception_ptr& error) {
        // When it went well, the job or its second part has said so.
        if (error) end_sync(listing, error);
      });
  return listing;
}

void MailStore::end_sync(const std::shared_ptr<Listing>& listing, const std::exception_ptr& error) {
  syncs_.with([&](auto& syncs) {
    auto& sync = syncs[listing->mailbox().value];
    if (sync.running != listing) return;
    sync.running.reset();
    // Rows that could not be stored have ended the listing before.
    if (!error && !listing->has_failed()) sync.synced = Clock::now();
  });
  listing->finish(error);
}

void MailStore::freshen(cache::MailboxId mailbox, Interrupt& interrupt) {
  const auto listing = join_sync(mailbox);
  if (!listing) return;
  if (is_listed(mailbox)) {
    // The moment counts from the beginning of the synchronisation, so that of many who come while a
    // server is silent only the first waits.
    listing->wait_finished(imap::Deadline(listing->started() + settings_.stale_wait), interrupt);
    return;
  }
  listing->wait_for(imap::Uid{imap::kMaxUid.value - 1}, patience(), interrupt);
}

void MailStore::sync(imap::Session& session, const std::shared_ptr<Listing>& listing) {
  // Repeated after a lost connection, it may be about another one than the first time.
  const auto mailbox = listing->mailbox();
  auto row = cache_.read([mailbox](const cache::View& view) { return view.mailbox(mailbox); });
  if (!row) throw StaleError(fmt::format("folder {} is gone", mailbox.value));
  const auto known_uids = [this, mailbox] {
    return to_uid_set(
        cache_.read([mailbox](const cache::View& view) { return view.uid_ranges(mailbox); }));
  };
  const imap::KnownMailbox known{{row->uid_validity},
                                 {static_cast<std::uint32_t>(row->uid_next)},
                                 row->exists,
                                 row->listed,
                                 known_uids};
  const auto delta = imap::compare(session, row->wire_name, known);
  if (delta.unchanged) return end_sync(listing, nullptr);

  // A first listing finds messages, but changes nothing.
  if (row->listed && !(delta.missing.empty() && delta.vanished.empty())) {
    syncs_.with([&](auto& syncs) { syncs[mailbox.value].changed = std::time(nullptr); });
  }
  Missing missing{mailbox, delta.state, delta.missing};
  if (delta.reset) {
    const bool blank = row->uid_validity == 0 && known_uids().empty();
    row->uid_validity = delta.state.uid_validity.value;
    row->uid_next = 0;
    row->exists = 0;
    row->listed = false;
    if (blank) {
      cache_.run([&](cache::Edit& edit) { edit.put_mailbox(mailbox, *row); });
    } else {
      missing.mailbox = replace_mailbox(mailbox, *row, listing);
    }
  }
  for (const auto& gone : imap::chunks_newest_first(delta.vanished, kRowsPerWrite, kRowsPerWrite)) {
    cache_.run([&](cache::Edit& edit) {
      for (const auto& range : gone.ranges()) {
        for (auto uid = std::uint64_t{range.first.value}; uid <= range.last.value; ++uid) {
          edit.erase_message(mailbox, static_cast<std::uint32_t>(uid));
        }
      }
    });
  }
  if (missing.uids.size() <= kMostInteractive) {
    fetch_missing(session, missing, listing);
    return end_sync(listing, nullptr);
  }
  pool_
      .run({row->wire_name, imap::Lane::bulk},
           [this, missing, listing](imap::Session& bulk) {
             // Another connection may have had the mailbox open since before these messages came.
             bulk.examine(missing.state.name, imap::Session::Refresh::yes);
             fetch_missing(bulk, missing, listing);
           })
      .on_done([this, listing](const std::exception_ptr& error) { end_sync(listing, error); });
}

cache::MailboxId MailStore::replace_mailbox(cache::MailboxId old, const cache::MailboxRow& row,
                                            const std::shared_ptr<Listing>& listing) {
  cache::MailboxId fresh;
  cache_.run([&](cache::Edit& edit) {
    edit.erase_mailbox(old);
    fresh = edit.add_mailbox(row);
  });
  syncs_.with([&](auto& syncs) {
    syncs.erase(old.value);
    syncs[fresh.value].running = listing;
    listing->moved_to(fresh);
  });
  auto rows = folders_.with([](const Folders& folders) { return folders.rows; });
  for (auto& [id, folder] : rows) {
    if (id == old) id = fresh;
  }
  publish_folders(std::move(rows), std::nullopt);
  return fresh;
}

void MailStore::fetch_missing(imap::Session& session, const Missing& missing,
                              const std::shared_ptr<Listing>& listing) {
  const auto& state = session.examine(missing.state.name, imap::Session::Refresh::no);
  if (state.uid_validity != missing.state.uid_validity) {
    throw StaleError(fmt::format("{} has another UIDVALIDITY now", missing.state.name));
  }
  // Repeated after a lost connection, only the rest is fetched.
  const auto have = to_uid_set(cache_.read(
      [&missing](const cache::View& view) { return view.uid_ranges(missing.mailbox); }));
  const auto todo = missing.uids.without(have);
  const auto largest = std::min<std::uint64_t>(kLargestChunk, session.most_uids());
  const auto chunks = imap::chunks_newest_first(todo, kFirstChunk, largest);
  imap::UidSet arrived;
  std::size_t next = 0;
  imap::Uid complete_from = imap::kMaxUid;
  bool gapless = true;
  session.fetch_summaries(chunks, [&](const std::vector<imap::MessageSummary>& rows) {
    imap::UidSet came;
    for (const auto& row : rows) came.add(row.uid);
    arrived.add(came);
    const auto& chunk = chunks[next++];
    // Nobody who reads the directory passes by a row that is still to be asked for again.
    const auto lacking = chunk.without(came);
    if (gapless)
      complete_from = lacking.empty() ? chunk.front() : imap::Uid{lacking.back().value + 1};
    gapless = gapless && lacking.empty();
    store_rows(missing, rows, complete_from, listing);
    return true;
  });
  repair(session, missing, todo.without(arrived), listing);
  complete_sync(missing);
}

void MailStore::repair(imap::Session& session, const Missing& missing, const imap::UidSet& lacking,
                       const std::shared_ptr<Listing>& listing) {
  if (lacking.empty()) return;
  // Servers leave rows out of answers (Yahoo, Exchange). Silence is not deletion: those that are
  // still there are asked for one by one, and listed undescribed when that does not help.
  imap::UidSet there;
  for (const auto& chunk : imap::chunks_newest_first(lacking, kRowsPerWrite, kRowsPerWrite)) {
    there.add(session.search(chunk));
  }
  imap::UidSet arrived;
  session.fetch_summaries(imap::chunks_newest_first(there, 1, 1),
                          [&](const std::vector<imap::MessageSummary>& rows) {
                            for (const auto& row : rows) arrived.add(row.uid);
                            store_rows(missing, rows, imap::kMaxUid, listing);
                            return true;
                          });
  const auto undescribed = there.without(arrived);
  for (const auto& range : undescribed.ranges()) {
    for (auto uid = std::uint64_t{range.first.value}; uid <= range.last.value; ++uid) {
      cache_.submit([mailbox = missing.mailbox,
                     row = undescribed_row(imap::Uid{static_cast<std::uint32_t>(uid)})](
                        cache::Edit& edit) { edit.put_message(mailbox, row); });
    }
  }
}

void MailStore::store_rows(const Missing& missing,
                           const std::vector<imap::MessageSummary>& summaries, imap::Uid floor,
                           const std::shared_ptr<Listing>& listing) {
  std::vector<cache::MessageRow> rows;
  rows.reserve(summaries.size());
  for (const auto& summary : summaries) rows.push_back(to_row(summary));
  cache_.submit(
      [mailbox = missing.mailbox, rows = std::move(rows)](cache::Edit& edit) {
        for (const auto& row : rows) edit.put_message(mailbox, row);
      },
      [listing, floor](const std::exception_ptr& error) {
        error ? listing->finish(error) : listing->reached(floor);
      });
}

void MailStore::complete_sync(const Missing& missing) {
  // After the rows in the same queue, so the watermark never covers a row that is not stored. A
  // failure of theirs has finished the listing; what is missing then is fetched the next time,
  // because the count will not agree.
  cache_.run([&missing](cache::Edit& edit) {
    auto row = edit.mailbox(missing.mailbox);
    if (!row) return;
    const auto count = edit.message_count(missing.mailbox);
    // Where a census disagreed with the count some row may stand for nothing: without this
    // watermark the next look is a census again.
    row->uid_next = count == missing.state.exists ? missing.state.uid_next.value : 0;
    row->highest_modseq = missing.state.highest_modseq.value;
    row->exists = missing.state.exists;
    row->listed = count >= missing.state.exists;
    edit.put_mailbox(missing.mailbox, *row);
  });
}

void MailStore::visit_messages(cache::MailboxId mailbox, std::uint32_t below, MayWait may_wait,
                               Interrupt& interrupt,
                               const std::function<bool(const cache::MessageRow&)>& visit) {
  if (below == 1) return;  // no UID is lower
  const auto first = below == 0 ? imap::kMaxUid : imap::Uid{below - 1};
  bool resumed = false;
  while (true) {
    auto listing = syncs_.with([&](auto& syncs) { return syncs[mailbox.value].running; });
    if (listing && is_listed(mailbox)) listing.reset();
    const auto floor = listing ? listing->floor() : imap::Uid{0};
    bool visited = false;
    cache_.read([&](const cache::View& view) {
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
    listing->wait_for(imap::Uid{std::min(first.value, reached) - 1}, patience(), interrupt);
  }
}

std::optional<cache::MessageRow> MailStore::cached_message(cache::MailboxId mailbox,
                                                           imap::Uid uid) const {
  // Asked before the row is read: a fetch that has ended meanwhile has put its size there.
  const auto arriving = fetches_.with([&](const Fetches& fetches) -> std::optional<std::uint64_t> {
    const auto running = fetches.running.find({mailbox.value, uid.value});
    return running == fetches.running.end() ? std::nullopt : running->second->size();
  });
  auto row = cache_.read([&](const cache::View& view) { return view.message(mailbox, uid.value); });
  if (row && arriving) {
    row->size = *arriving;
    row->size_exact = true;
  }
  return row;
}

std::optional<cache::MessageRow> MailStore::find_message(cache::MailboxId mailbox, imap::Uid uid,
                                                         Interrupt& interrupt) {
  if (auto row = cached_message(mailbox, uid)) return row;
  const auto listing = join_sync(mailbox);
  if (!listing) return cached_message(mailbox, uid);
  if (is_listed(mailbox)) {
    listing->wait_finished(imap::Deadline(listing->started() + settings_.stale_wait), interrupt);
  } else {
    listing->wait_for(uid, patience(), interrupt);
  }
  return cached_message(mailbox, uid);
}

std::optional<std::int64_t> MailStore::last_change(cache::MailboxId mailbox) const {
  return syncs_.with([mailbox](const auto& syncs) -> std::optional<std::int64_t> {
    const auto found = syncs.find(mailbox.value);
    return found == syncs.end() ? std::nullopt : found->second.changed;
  });
}

cache::Totals MailStore::totals() const {
  return cache_.read([](const cache::View& view) { return view.totals(); });
}

}  // namespace fs
