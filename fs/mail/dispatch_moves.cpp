// Moving messages to another mailbox, and finding them there.

#include "fs/mail/convert.h"
#include "fs/mail/copies.h"
#include "fs/mail/dispatch.h"
#include "fs/mail/errors.h"
#include "fs/mail/file_names.h"
#include "imap/base/errors.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace fs {
namespace {

using Stage = cache::ChangeRow::Stage;

/// How many of the newest messages are looked at for one of which only the header is known.
constexpr std::uint32_t kLookedAt = 500;

/// What the journal knows of a message that is not in the cache any more.
cache::MessageRow described_in(const cache::ChangeRow& change) {
  cache::MessageRow row;
  row.message_id = change.message_id;
  row.subject = change.subject;
  row.internal_date = change.internal_date;
  row.size = change.size;
  return row;
}

}  // namespace

void Dispatch::move(Batch some, const Folder& target) {
  std::vector<Arrival> arrivals;
  context_.backing.cache.read([&](const cache::View& view) {
    for (auto& change : some) {
      auto row = view.message(mailbox_, change.row.message.uid);
      if (!row) row = described_in(change.row);
      arrivals.push_back({std::move(change), std::move(*row)});
    }
  });
  session_.can_move() ? move_at_once(arrivals, target)
                      : copy_and_expunge(std::move(arrivals), target);
}

void Dispatch::move_at_once(const std::vector<Arrival>& some, const Folder& target) {
  Batch batch;
  for (const auto& arrival : some) batch.push_back(arrival.change);
  const auto uids = uids_of(batch);
  // Without UIDPLUS nobody says where they are afterwards.
  imap::Uid from;
  if (!session_.can_expunge_by_uid()) {
    const auto status = status_of(target, batch);
    if (!status) return;
    from = imap::Uid{status->uid_next.value_or(0)};
  }
  imap::CopyResult result;
  std::exception_ptr error;
  try {
    result = session_.move(uids, target.wire_name);
  } catch (const imap::CommandError&) {
    // Each message is in at least one of the mailboxes (RFC 6851 section 3.3), and in which?
    error = std::current_exception();
  }
  const auto left = session_.search(uids.without(result.source));
  std::vector<Arrival> gone;
  Batch done;
  Batch kept;
  for (const auto& arrival : some) {
    const bool stayed = left.contains(imap::Uid{arrival.change.row.message.uid});
    (stayed ? kept : done).push_back(arrival.change);
    if (!stayed) gone.push_back(arrival);
  }
  settle(gone, target, result.target, from);
  forget(uids.without(left));
  end(done);
  if (kept.empty()) return;
  if (error) return refuse(kept, error);
  refuse(kept, "CANNOT", fmt::format("{} did not let go of the message", name_));
}

std::optional<imap::StatusRow> Dispatch::status_of(const Folder& target, const Batch& some) {
  std::optional<imap::StatusRow> status;
  try_for(some, [&] {
    try {
      status = session_.status(target.wire_name);
    } catch (const imap::CommandError&) {
      try {
        context_.folders.refused(session_, target.wire_name);
      } catch (const StaleError&) {
        throw NotFoundError("the folder to move to is gone");
      }
      throw;
    }
  });
  return status;
}

void Dispatch::copy_and_expunge(std::vector<Arrival> some, const Folder& target) {
  Batch batch;
  for (const auto& arrival : some) batch.push_back(arrival.change);
  if (!can_delete(batch)) return;
  const auto status = status_of(target, batch);
  if (!status) return;
  // What an earlier attempt has copied is not copied twice.
  for (auto& arrival : some) {
    if (arrival.change.row.stage != Stage::copying) continue;
    const bool there = !find_copies(arrival, target).empty();
    arrival.change.row.stage = there ? Stage::copied : Stage::queued;
    context_.pending.advance(arrival.change);
  }
  Batch to_copy;
  for (auto& arrival : some) {
    auto& row = arrival.change.row;
    if (row.stage != Stage::queued) continue;
    row.stage = Stage::copying;
    row.target_validity = status->uid_validity.value_or(0);
    row.target_uid_next = status->uid_next.value_or(0);
    context_.pending.advance(arrival.change);
    to_copy.push_back(arrival.change);
  }
  context_.pending.sync();
  session_.select(name_, imap::Session::Refresh::no);
  imap::CopyResult result;
  if (!to_copy.empty()) {
    const bool copied =
        try_for(to_copy, [&] { result = session_.copy(uids_of(to_copy), target.wire_name); });
    std::erase_if(some, [&](Arrival& arrival) {
      auto& row = arrival.change.row;
      if (row.stage != Stage::copying) return false;
      if (!copied) return true;
      row.stage = Stage::copied;
      context_.pending.advance(arrival.change);
      return false;
    });
    if (some.empty()) return;
    batch.clear();
    for (const auto& arrival : some) batch.push_back(arrival.change);
  }
  context_.pending.sync();
  auto copied =
      settle(some, target, result.target, imap::Uid{some.front().change.row.target_uid_next});
  copied.add(result.source);
  session_.select(name_, imap::Session::Refresh::no);
  // An original goes only when there is a sign of its copy: a server may say OK and do nothing.
  const auto doubtful = session_.search(uids_of(batch).without(copied));
  const auto uncertain =
      std::stable_partition(batch.begin(), batch.end(), [&](const PendingChange& change) {
        return !doubtful.contains(imap::Uid{change.row.message.uid});
      });
  refuse({uncertain, batch.end()}, "CANNOT",
         fmt::format("the copy of the message cannot be found in {}", target.wire_name));
  batch.erase(uncertain, batch.end());
  if (!batch.empty()) end(expunge(batch));
}

imap::UidSet Dispatch::find_copies(const Arrival& arrival, const Folder& target) {
  imap::UidSet copies;
  const auto& row = arrival.change.row;
  const auto& state = session_.examine(target.wire_name, imap::Session::Refresh::yes);
  if (row.target_uid_next == 0 || state.uid_validity.value != row.target_validity) return copies;
  const imap::UidSet new_ones(imap::Uid{row.target_uid_next}, imap::kMaxUid);
  for (const auto& found : rows_of(new_ones)) {
    if (is_copy(row.message_id, row.size, arrival.row, found)) copies.add(imap::Uid{found.uid});
  }
  return copies;
}

std::vector<cache::MessageRow> Dispatch::rows_of(const imap::UidSet& uids) {
  imap::Inquiry inquiry;
  inquiry.summaries = uids;
  std::vector<cache::MessageRow> rows;
  for (const auto& summary : session_.inquire(inquiry).summaries) rows.push_back(to_row(summary));
  return rows;
}

/// Finds out which messages of the target are the ones that were moved or copied there, so that
/// they keep their bodies, names and numbers. `candidates` are what the server named; without any
/// all from UID `from` on, if that is known. Those that cannot be told are found by the next
/// comparison like any new message.
imap::UidSet Dispatch::settle(const std::vector<Arrival>& some, const Folder& target,
                              imap::UidSet candidates, imap::Uid from) {
  imap::UidSet settled;
  const auto known =
      context_.backing.cache.read([&](const cache::View& view) { return view.mailbox(target.id); });
  if (some.empty() || !known) return settled;
  const auto& state = session_.examine(target.wire_name, imap::Session::Refresh::no);
  if (known->uid_validity != 0 && known->uid_validity != state.uid_validity.value) return settled;
  const auto validity = state.uid_validity.value;
  // The server does not say, or an earlier attempt, whose answer was lost, has brought them there.
  if (candidates.size() < some.size()) {
    candidates.add(from.value != 0 ? imap::UidSet(from, imap::kMaxUid)
                                   : session_.search_newest(kLookedAt));
  }
  auto found = rows_of(candidates);
  struct Pair {
    const Arrival* arrival;
    cache::MessageRow row;
  };
  std::vector<Pair> pairs;
  for (const auto& arrival : some) {
    const auto copy = std::ranges::find_if(found, [&arrival](const cache::MessageRow& row) {
      const auto& change = arrival.change.row;
      return is_copy(change.message_id, change.size, arrival.row, row);
    });
    if (copy == found.end()) continue;
    pairs.push_back({&arrival, std::move(*copy)});
    found.erase(copy);
  }
  for (auto& [arrival, row] : pairs) {
    const auto key = MessageKey{target.id.value, row.uid};
    context_.moved(arrival->change.key(), key);
    if (arrival->row.size != row.size) continue;
    row.body = arrival->row.body;
    row.size_exact = arrival->row.size_exact;
  }
  context_.backing.cache.run([&](cache::Edit& edit) {
    for (const auto& [arrival, row] : pairs) {
      const auto there = edit.message(target.id, row.uid);
      if (!there || there->body.value == 0) edit.put_message(target.id, row);
    }
    Changes::put_ahead(edit, target.id, validity);
  });
  for (const auto& [arrival, row] : pairs) {
    const auto& name = arrival->change.row.name;
    settled.add(imap::Uid{arrival->change.row.message.uid});
    if (name.empty()) continue;
    // A name that the message had by itself need not be seen in its new folder.
    const bool own = uid_of(name) == arrival->change.row.message.uid;
    context_.aliases.put(target.id, imap::Uid{row.uid}, name,
                         own ? Aliases::Shown::no : Aliases::Shown::yes);
  }
  if (known->listed) context_.changes.arrived(target.id);
  return settled;
}

}  // namespace fs
