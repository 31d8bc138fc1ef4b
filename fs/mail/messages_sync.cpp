// One synchronisation of a mailbox, on a connection's thread.

#include "fs/mail/convert.h"
#include "fs/mail/errors.h"
#include "fs/mail/messages.h"

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

void Messages::sync(imap::Session& session, const std::shared_ptr<Listing>& listing) {
  // Repeated after a lost connection, it may be about another one than the first time.
  const auto mailbox = listing->mailbox();
  auto row =
      backing_.cache.read([mailbox](const cache::View& view) { return view.mailbox(mailbox); });
  if (!row) throw StaleError(fmt::format("folder {} is gone", mailbox.value));
  const auto known_uids = [this, mailbox] {
    return to_uid_set(backing_.cache.read(
        [mailbox](const cache::View& view) { return view.uid_ranges(mailbox); }));
  };
  const imap::KnownMailbox known{{row->uid_validity},
                                 {static_cast<std::uint32_t>(row->uid_next)},
                                 {row->highest_modseq},
                                 row->exists,
                                 row->listed,
                                 known_uids,
                                 {}};
  const auto delta = imap::compare(session, row->wire_name, known);
  if (delta.unchanged) return end_sync(listing, nullptr);

  // A first listing finds messages, but changes nothing.
  if (row->listed && !(delta.missing.empty() && delta.arrived.empty() && delta.vanished.empty())) {
    states_.with([&](auto& states) { states[mailbox.value].changed = std::time(nullptr); });
  }
  Missing missing{mailbox, delta.state, delta.missing};
  missing.state.uid_next = delta.uid_next;
  missing.state.highest_modseq = delta.modseq;
  if (delta.reset) {
    const bool blank = row->uid_validity == 0 && known_uids().empty();
    row->uid_validity = delta.state.uid_validity.value;
    row->uid_next = 0;
    row->exists = 0;
    row->listed = false;
    if (blank) {
      backing_.cache.run([&](cache::Edit& edit) { edit.put_mailbox(mailbox, *row); });
    } else {
      missing.mailbox = replace_mailbox(mailbox, *row, listing);
    }
  }
  for (const auto& gone : imap::chunks_newest_first(delta.vanished, kRowsPerWrite, kRowsPerWrite)) {
    backing_.cache.run([&](cache::Edit& edit) {
      for (const auto& range : gone.ranges()) {
        for (auto uid = std::uint64_t{range.first.value}; uid <= range.last.value; ++uid) {
          edit.erase_message(mailbox, static_cast<std::uint32_t>(uid));
        }
      }
    });
  }
  if (!delta.flags.empty()) {
    backing_.cache.run([&](cache::Edit& edit) {
      for (const auto& [uid, update] : delta.flags) {
        auto message = edit.message(mailbox, uid.value);
        if (!message) continue;
        message->flags = update.flags.bits;
        message->keywords = update.flags.keywords;
        message->modseq = update.modseq.value;
        edit.put_message(mailbox, *message);
      }
    });
  }
  store_rows(missing, delta.arrived, imap::kMaxUid, listing);
  if (missing.uids.size() <= kMostInteractive) {
    fetch_missing(session, missing, listing);
    return end_sync(listing, nullptr);
  }
  backing_.pool
      .run({row->wire_name, imap::Lane::bulk},
           [this, missing, listing](imap::Session& bulk) {
             // Another connection may have had the mailbox open since before these messages came.
             bulk.examine(missing.state.name, imap::Session::Refresh::yes);
             fetch_missing(bulk, missing, listing);
           })
      .on_done([this, listing](const std::exception_ptr& error) { end_sync(listing, error); });
}

cache::MailboxId Messages::replace_mailbox(cache::MailboxId old, const cache::MailboxRow& row,
                                           const std::shared_ptr<Listing>& listing) {
  cache::MailboxId fresh;
  backing_.cache.run([&](cache::Edit& edit) {
    edit.erase_mailbox(old);
    fresh = edit.add_mailbox(row);
  });
  states_.with([&](auto& states) {
    states.erase(old.value);
    states[fresh.value].running = listing;
    listing->moved_to(fresh);
  });
  folders_.replace(old, fresh);
  return fresh;
}

void Messages::fetch_missing(imap::Session& session, const Missing& missing,
                             const std::shared_ptr<Listing>& listing) {
  const auto& state = session.examine(missing.state.name, imap::Session::Refresh::no);
  if (state.uid_validity != missing.state.uid_validity) {
    throw StaleError(fmt::format("{} has another UIDVALIDITY now", missing.state.name));
  }
  // Repeated after a lost connection, only the rest is fetched.
  const auto have = to_uid_set(backing_.cache.read(
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

void Messages::repair(imap::Session& session, const Missing& missing, const imap::UidSet& lacking,
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
      backing_.cache.submit([mailbox = missing.mailbox,
                             row = undescribed_row(imap::Uid{static_cast<std::uint32_t>(uid)})](
                                cache::Edit& edit) { edit.put_message(mailbox, row); });
    }
  }
}

void Messages::store_rows(const Missing& missing,
                          const std::vector<imap::MessageSummary>& summaries, imap::Uid floor,
                          const std::shared_ptr<Listing>& listing) {
  std::vector<cache::MessageRow> rows;
  rows.reserve(summaries.size());
  for (const auto& summary : summaries) rows.push_back(to_row(summary));
  backing_.cache.submit(
      [mailbox = missing.mailbox, rows = std::move(rows)](cache::Edit& edit) {
        for (const auto& row : rows) edit.put_message(mailbox, row);
      },
      [listing, floor](const std::exception_ptr& error) {
        error ? listing->finish(error) : listing->reached(floor);
      });
}

void Messages::complete_sync(const Missing& missing) {
  // After the rows in the same queue, so the watermark never covers a row that is not stored. A
  // failure of theirs has finished the listing; what is missing then is fetched the next time,
  // because the count will not agree.
  backing_.cache.run([&missing](cache::Edit& edit) {
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

}  // namespace fs
