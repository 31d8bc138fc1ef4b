// One synchronisation of a mailbox, on a connection's thread.

#include "fs/mail/convert.h"
#include "fs/mail/errors.h"
#include "fs/mail/messages.h"
#include "imap/base/errors.h"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>

namespace fs {
namespace {

/// Rows of the first command of a listing, so that the first entries show soon, and of the largest.
constexpr std::size_t kFirstChunk = 100;
constexpr std::size_t kLargestChunk = 4000;
/// More rows than these are fetched as bulk work, so that short requests go past.
constexpr std::uint64_t kMostInteractive = 500;
/// Where a mailbox keeps no mod-sequences: how long flags are taken as known, and of how many
/// messages they are asked for then.
constexpr std::chrono::seconds kFlagsFresh{30};
constexpr std::size_t kNewestFlags = 500;
constexpr std::size_t kFlagsBlock = 2000;
/// Rows that one write transaction takes.
constexpr std::size_t kRowsPerWrite = 1000;

/// A row that somebody else has put there meanwhile, of a message that was moved, has a body.
void put_described(cache::Edit& edit, cache::MailboxId mailbox, const cache::MessageRow& row) {
  auto described = row;
  const auto known = edit.message(mailbox, row.uid);
  if (known && known->body.value != 0) {
    described.body = known->body;
    described.size_exact = known->size_exact;
    if (known->size_exact) described.size = known->size;
  }
  edit.put_message(mailbox, described);
}

}  // namespace

void Messages::sync(imap::Session& session, const std::shared_ptr<Listing>& listing,
                    imap::Look look) {
  // Repeated after a lost connection, it may be about another one than the first time.
  const auto mailbox = listing->mailbox();
  // What was told before has to be in the cache: as many as came may have gone.
  backing_.cache.run([](cache::Edit&) {});
  std::uint32_t count = 0;
  std::uint32_t highest = 0;
  const auto row = backing_.cache.read([&](const cache::View& view) {
    count = view.message_count(mailbox);
    highest = next_uid(view, mailbox).value - 1;
    return view.mailbox(mailbox);
  });
  if (!row) throw StaleError(fmt::format("folder {} is gone", mailbox.value));
  imap::KnownMailbox known;
  known.uid_validity = {row->uid_validity};
  known.uid_next = {static_cast<std::uint32_t>(row->uid_next)};
  known.highest = {highest};
  known.highest_modseq = {row->highest_modseq};
  known.count = count;
  known.complete = row->listed;
  known.uids = [this, mailbox] {
    return to_uid_set(backing_.cache.read(
        [mailbox](const cache::View& view) { return view.uid_ranges(mailbox); }));
  };
  known.stale_flags = stale_flags(mailbox, *row);
  const auto stored = changes_.stored(mailbox);
  const auto delta = compare(session, row->wire_name, known, look);
  states_.with([&](auto& states) {
    auto& state = states[mailbox.value];
    state.compared_last = Clock::now();
    // A first listing brings the flags, too.
    if (!row->listed) state.flags_asked = state.compared_last;
  });
  if (delta.unchanged) return end_sync(listing, nullptr);

  Missing missing{mailbox, delta, row->uid_next != 0};
  if (delta.reset) missing.mailbox = begin_anew(mailbox, *row, delta, listing);
  changes_.erase(missing.mailbox, delta.vanished);
  const bool is_plain = delta.sync_class == imap::SyncClass::plain && !delta.reset;
  if (is_plain) {
    changes_.put_flags_unless_stored(mailbox, delta.flags, stored);
  } else {
    changes_.put_flags(missing.mailbox, delta.flags,
                       delta.modseq_fell ? Changes::Rule::latest_told : Changes::Rule::later);
  }
  if (delta.flags_untold || (is_plain && changes_.stored(mailbox) != stored)) {
    states_.with([&](auto& states) { states[missing.mailbox.value].flags_asked.reset(); });
  }
  if (missing.delta.missing.size() <= kMostInteractive) {
    fetch_missing(session, missing, listing);
    return end_sync(listing, nullptr);
  }
  imap::JobSpec spec;
  spec.mailbox = row->wire_name;
  spec.lane = imap::Lane::bulk;
  spec.what = fmt::format("list {}", row->wire_name);
  backing_.pool
      .run(std::move(spec),
           [this, missing, listing](imap::Session& bulk) {
             // Another connection may have had the mailbox open since before these messages came.
             bulk.examine(missing.delta.state.name, imap::Session::Refresh::yes);
             fetch_missing(bulk, missing, listing);
           })
      .on_done([this, listing](const std::exception_ptr& error) { end_sync(listing, error); });
}

imap::MailboxDelta Messages::compare(imap::Session& session, const std::string& name,
                                     const imap::KnownMailbox& known, imap::Look look) {
  try {
    return imap::compare(session, name, known, look);
  } catch (const imap::CommandError&) {
    if (!session.selected() || session.selected()->name != name) folders_.refused(session, name);
    throw;
  }
}

/// Without mod-sequences flags are asked for now and then: those of the newest messages, which
/// change most, and block by block those of the others.
imap::UidSet Messages::stale_flags(cache::MailboxId mailbox, const cache::MailboxRow& row) {
  imap::UidSet uids;
  if (!is_plain(row) || !row.listed) return uids;
  const auto now = Clock::now();
  const auto below = states_.with([&](auto& states) -> std::optional<std::uint32_t> {
    auto& state = states[mailbox.value];
    if (state.flags_asked && now - *state.flags_asked < kFlagsFresh) return std::nullopt;
    state.flags_asked = now;
    return state.flags_below;
  });
  if (!below) return uids;
  std::uint32_t reached = 0;
  backing_.cache.read([&](const cache::View& view) {
    std::size_t newest = 0;
    view.messages_below(mailbox, 0, [&](const cache::MessageRow& message) {
      uids.add(imap::Uid{message.uid});
      return ++newest < kNewestFlags;
    });
    std::size_t others = 0;
    view.messages_below(mailbox, *below, [&](const cache::MessageRow& message) {
      uids.add(imap::Uid{message.uid});
      reached = message.uid;
      return ++others < kFlagsBlock;
    });
  });
  states_.with([&](auto& states) { states[mailbox.value].flags_below = reached; });
  return uids;
}

/// Nothing that was known holds: the mailbox begins as an empty one, and under another id unless it
/// is new.
cache::MailboxId Messages::begin_anew(cache::MailboxId mailbox, cache::MailboxRow row,
                                      const imap::MailboxDelta& delta,
                                      const std::shared_ptr<Listing>& listing) {
  const bool blank = row.uid_validity == 0 && backing_.cache.read([&](const cache::View& view) {
    return view.message_count(mailbox) == 0;
  });
  row.uid_validity = delta.state.uid_validity.value;
  row.uid_next = 0;
  row.highest_modseq = 0;
  row.exists = 0;
  row.listed = false;
  if (!blank) return replace_mailbox(mailbox, row, listing);
  backing_.cache.run([&](cache::Edit& edit) { edit.put_mailbox(mailbox, row); });
  return mailbox;
}

cache::MailboxId Messages::replace_mailbox(cache::MailboxId old, const cache::MailboxRow& row,
                                           const std::shared_ptr<Listing>& listing) {
  cache::MailboxId fresh;
  backing_.cache.run([&](cache::Edit& edit) {
    edit.erase_mailbox(old);
    fresh = edit.add_mailbox(row);
  });
  states_.with([&](auto& states) {
    auto state = states[old.value];
    states.erase(old.value);
    state.compared.reset();
    states[fresh.value] = std::move(state);
    listing->moved_to(fresh);
  });
  folders_.reread();
  return fresh;
}

void Messages::fetch_missing(imap::Session& session, const Missing& missing,
                             const std::shared_ptr<Listing>& listing) {
  if (missing.delta.missing.empty()) return complete_sync(missing);
  const auto& state = session.examine(missing.delta.state.name, imap::Session::Refresh::no);
  if (state.uid_validity != missing.delta.state.uid_validity) {
    throw StaleError(fmt::format("{} has another UIDVALIDITY now", missing.delta.state.name));
  }
  // Repeated after a lost connection, only the rest is fetched.
  const auto have = to_uid_set(backing_.cache.read(
      [&missing](const cache::View& view) { return view.uid_ranges(missing.mailbox); }));
  const auto todo = missing.delta.missing.without(have);
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
        for (const auto& row : rows) put_described(edit, mailbox, row);
      },
      [listing, floor](const std::exception_ptr& error) {
        error ? listing->finish(error) : listing->reached(floor);
      });
}

void Messages::complete_sync(const Missing& missing) {
  // After the rows in the same queue, so the watermark never covers a row that is not stored. A
  // failure of theirs has finished the listing; what is missing then is fetched the next time,
  // because the count will not agree.
  bool was_listed = false;
  bool arrived = false;
  backing_.cache.run([&](cache::Edit& edit) {
    auto row = edit.mailbox(missing.mailbox);
    if (!row) return;
    was_listed = row->listed;
    arrived = !missing.delta.missing.empty();
    for (const auto& summary : missing.delta.arrived) {
      // One that is there already keeps its body.
      if (edit.message(missing.mailbox, summary.uid.value)) continue;
      edit.put_message(missing.mailbox, to_row(summary));
      arrived = true;
    }
    const auto count = edit.message_count(missing.mailbox);
    // Where a census disagreed with the count some row may stand for nothing: without these
    // watermarks the next look is a census again.
    // So it is when rows were put or erased meanwhile that the comparison does not know of.
    const bool disturbed = missing.had_watermark && row->uid_next == 0;
    const bool agrees = !disturbed && count == missing.delta.state.exists;
    row->uid_next = agrees ? missing.delta.uid_next.value : 0;
    row->highest_modseq = agrees ? missing.delta.modseq.value : 0;
    row->exists = missing.delta.state.exists;
    row->listed = count >= missing.delta.state.exists;
    row->sync_class = static_cast<std::uint8_t>(missing.delta.sync_class);
    row->synced_at = std::time(nullptr);
    if (!missing.delta.state.mailbox_id.empty()) row->object_id = missing.delta.state.mailbox_id;
    edit.put_mailbox(missing.mailbox, *row);
  });
  // A first listing finds messages, but changes nothing.
  if (was_listed && arrived) changes_.arrived(missing.mailbox);
}

}  // namespace fs
