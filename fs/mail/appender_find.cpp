// Where a new message is, and whether it is there.

#include "fs/mail/append_attempt.h"
#include "fs/mail/convert.h"
#include "fs/mail/errors.h"
#include "imap/base/errors.h"
#include "imap/session/session.h"
#include "imap/session/uid_batches.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

namespace fs {
namespace {

using Clock = imap::Deadline::Clock;

/// How many of the newest messages are looked at for one whose UID is not known.
constexpr std::uint32_t kMostLookedAt = 500;
/// So long after a message was seen to be what was sent, others are not looked at. What the server
/// makes of them shows when they are read: only one that was looked at leaves its body in the
/// cache.
constexpr std::chrono::seconds kBurst{10};

imap::Flags flags_of_new(const cache::MailboxRow& row, const imap::SelectedMailbox& state) {
  imap::Flags flags;
  if (state.keeps(imap::Flags::seen)) flags.bits |= imap::Flags::seen;
  if ((row.attributes & for_drafts) != 0 && state.keeps(imap::Flags::draft)) {
    flags.bits |= imap::Flags::draft;
  }
  return flags;
}

}  // namespace

/// Opens the mailbox for writing, because only then the server says which flags it keeps, and makes
/// sure that it is the one that was meant.
void Appender::open(imap::Session& session, const Shared& attempt) {
  const auto row = backing_.cache.read(
      [&](const cache::View& view) { return view.mailbox(attempt->mail().mailbox); });
  if (!row) throw StaleError(fmt::format("folder {} is gone", attempt->mail().mailbox.value));
  attempt->row = *row;
  try {
    session.select(attempt->name(), imap::Session::Refresh::no);
  } catch (const imap::CommandError&) {
    folders_.refused(session, attempt->name());
    throw;
  }
  const auto validity = session.selected()->uid_validity.value;
  if (row->uid_validity != 0 && row->uid_validity != validity) {
    throw StaleError(fmt::format("{} has another UIDVALIDITY now", attempt->name()));
  }
  attempt->flags = flags_of_new(*row, *session.selected());
}

std::optional<cache::MessageRow> Appender::foreseen(const Shared& attempt) const {
  const auto& mail = attempt->mail();
  const auto seen = seen_.load();
  if (!attempt->told || seen == seen.zero()) return std::nullopt;
  if (Clock::now() - Clock::time_point(seen) > kBurst) return std::nullopt;
  auto row = mail.message->row();
  row.uid = attempt->told->value;
  row.flags = attempt->flags.bits;
  row.size = mail.message->size();
  row.internal_date = mail.time;
  return row;
}

/// The lowest UID that the message can get. What UIDNEXT was when the mailbox was opened may be
/// long ago: a copy that was stored since then is not to be taken for this one.
imap::Uid Appender::first_new(imap::Session& session, const Shared& attempt) const {
  return std::max(session.selected()->uid_next, backing_.cache.read([&](const cache::View& view) {
    return next_uid(view, attempt->mail().mailbox);
  }));
}

std::optional<cache::MessageRow> Appender::find(imap::Session& session, const Shared& attempt) {
  imap::UidSet candidates;
  if (attempt->told) {
    candidates.add(*attempt->told);
  } else {
    candidates = session.search_newest(kMostLookedAt)
                     .intersected(imap::UidSet(*attempt->from, imap::kMaxUid));
  }
  std::optional<cache::MessageRow> found;
  const auto most = std::min<std::uint64_t>(kMostLookedAt, session.most_uids());
  session.fetch_summaries(
      imap::chunks_newest_first(candidates, most, most),
      [&](const std::vector<imap::MessageSummary>& rows) {
        for (const auto& summary : rows) {
          auto row = to_row(summary);
          if (attempt->told ? summary.uid == *attempt->told : is_it(attempt, row)) {
            found = std::move(row);
          }
        }
        return true;
      });
  const bool is_same = found && found->size == attempt->mail().message->size();
  seen_ = (is_same ? Clock::now() : Clock::time_point()).time_since_epoch();
  return found;
}

/// Of two that are the same one may have come before, under another name.
bool Appender::is_it(const Shared& attempt, const cache::MessageRow& row) const {
  const auto& mail = attempt->mail();
  if (!mail.message->is(row)) return false;
  const auto name = aliases_.shown(mail.mailbox, imap::Uid{row.uid});
  return !name || *name == mail.name;
}

std::optional<cache::MessageRow> Appender::find_patiently(imap::Session& session,
                                                          const Shared& attempt) {
  if (auto found = find(session, attempt)) return found;
  // Courier shows a new message after NOOP only, others when the mailbox is opened again.
  session.noop();
  if (auto found = find(session, attempt)) return found;
  session.select(attempt->name(), imap::Session::Refresh::yes);
  return find(session, attempt);
}

/// Proton has said OK and stored nothing (proton-bridge#2).
MailError Appender::not_there(const Shared& attempt) {
  return MailError(
      fmt::format("the server has accepted a message, but it is not in {}", attempt->name()));
}

}  // namespace fs
