#include "fs/mail/appender.h"

#include "cache/errors.h"
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
/// Octets of a body that one write transaction takes.
constexpr std::size_t kBodyWrite = std::size_t{16} * cache::kChunkSize;

imap::Flags flags_of_new(const cache::MailboxRow& row, const imap::SelectedMailbox& state) {
  imap::Flags flags;
  if (state.keeps(imap::Flags::seen)) flags.bits |= imap::Flags::seen;
  if ((row.attributes & for_drafts) != 0 && state.keeps(imap::Flags::draft)) {
    flags.bits |= imap::Flags::draft;
  }
  return flags;
}

}  // namespace

/// What is known of a delivery, on the thread of one connection after the other.
struct Appender::Attempt {
  enum class Sent { nothing, something, everything };

  NewMail what;
  std::shared_ptr<Delivery> delivery;
  cache::MailboxRow row;
  Sent sent = Sent::nothing;
  bool is_foreseen = false;       // the server has not described it
  std::optional<imap::Uid> told;  // where it is, by what the server said
  std::optional<imap::Uid> from;  // else not below, if it is there at all
  std::optional<MessageKey> stored;

  const NewMail& mail() const { return what; }
  const std::string& name() const { return row.wire_name; }
};

std::shared_ptr<Delivery> Appender::start(NewMail mail, Delivery::OnEnd on_end) {
  imap::JobSpec spec;
  spec.mailbox = folders_.wire_name(mail.mailbox);
  spec.lane = imap::Lane::bulk;
  spec.what = fmt::format("store a message in {}", spec.mailbox);
  auto attempt = std::make_shared<Attempt>();
  attempt->what = std::move(mail);
  attempt->delivery = std::make_shared<Delivery>(std::move(on_end));
  attempt->from = attempt->mail().doubtful_from;
  // May be repeated: it knows what it has sent before, and looks for that.
  backing_.pool
      .run(std::move(spec), [this, attempt](imap::Session& session) { bring(session, attempt); })
      .on_done([attempt](const std::exception_ptr& error) {
        attempt->delivery->end({attempt->stored, error, error ? attempt->from : std::nullopt});
      });
  return attempt->delivery;
}

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
}

void Appender::bring(imap::Session& session, const Shared& attempt) {
  open(session, attempt);
  std::optional<cache::MessageRow> row;
  if (attempt->from) row = find_patiently(session, attempt);
  bool replaced = false;
  if (!row) {
    // A server that was given everything may be about to store it: it is not given it twice now.
    if (attempt->sent == Attempt::Sent::everything) {
      throw MailError(fmt::format(
          "the connection was lost while a message was stored in {}, and it is not there",
          attempt->name()));
    }
    replaced = attempt->mail().replaces && session.can_replace();
    send(session, attempt);
    row = foreseen(session, attempt);
    attempt->is_foreseen = row.has_value();
    if (!row) row = find_patiently(session, attempt);
  }
  // Proton has said OK and stored nothing (proton-bridge#2).
  if (!row) {
    throw MailError(
        fmt::format("the server has accepted a message, but it is not in {}", attempt->name()));
  }
  keep(session, attempt, std::move(*row));
  if (replaced) {
    forget_replaced(attempt);
  } else if (attempt->mail().replaces) {
    remove_replaced(session, attempt);
  }
}

void Appender::send(imap::Session& session, const Shared& attempt) {
  using Sent = Attempt::Sent;
  const auto& mail = attempt->mail();
  const auto content = mail.message->content();
  if (content == imap::NewMessage::Content::binary && !session.capabilities().has("BINARY")) {
    throw NotAMessageError("it contains NUL characters, which the server does not take");
  }
  imap::NewMessage message;
  message.size = mail.message->size();
  message.flags = flags_of_new(attempt->row, *session.selected());
  message.internal_date = mail.time;
  message.content = content;
  message.source = [attempt, left = message.size,
                    source = mail.message->source()](std::span<std::byte> room) mutable {
    attempt->delivery->progress();
    const auto got = source(room);
    left -= std::min<std::uint64_t>(left, got);
    attempt->sent = left == 0 ? Sent::everything : Sent::something;
    return got;
  };
  attempt->from = first_new(session, attempt);
  try {
    const auto told = mail.replaces && session.can_replace()
                          ? session.replace(*mail.replaces, attempt->name(), message)
                          : session.append(attempt->name(), message);
    if (told && told->uid_validity == session.selected()->uid_validity) attempt->told = told->uid;
  } catch (const imap::ConnectionError&) {
    throw;
  } catch (...) {
    // Refused: the server has to leave the mailbox as it was (RFC 9051 6.3.12).
    attempt->sent = Sent::nothing;
    attempt->from.reset();
    throw;
  }
}

std::optional<cache::MessageRow> Appender::foreseen(const imap::Session& session,
                                                    const Shared& attempt) const {
  const auto& mail = attempt->mail();
  const auto seen = seen_.load();
  if (!attempt->told || seen == seen.zero()) return std::nullopt;
  if (Clock::now() - Clock::time_point(seen) > kBurst) return std::nullopt;
  auto row = mail.message->row();
  const auto flags = flags_of_new(attempt->row, *session.selected());
  row.uid = attempt->told->value;
  row.flags = flags.bits;
  row.size = mail.message->size();
  row.internal_date = mail.time;
  return row;
}

/// The lowest UID that the message can get. What UIDNEXT was when the mailbox was opened may be
/// long ago: a copy that was stored since then is not to be taken for this one.
imap::Uid Appender::first_new(imap::Session& session, const Shared& attempt) const {
  auto first = std::max(session.selected()->uid_next, imap::Uid{1});
  backing_.cache.read([&](const cache::View& view) {
    view.messages_below(attempt->mail().mailbox, 0, [&](const cache::MessageRow& row) {
      first = std::max(first, imap::Uid{row.uid + 1});
      return false;
    });
  });
  return first;
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
          if (attempt->told ? summary.uid == *attempt->told : attempt->mail().message->is(row)) {
            found = std::move(row);
          }
        }
        return true;
      });
  const bool is_same = found && found->size == attempt->mail().message->size();
  seen_ = (is_same ? Clock::now() : Clock::time_point()).time_since_epoch();
  return found;
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

void Appender::forget_replaced(const Shared& attempt) {
  changes_.erase(attempt->mail().mailbox, imap::UidSet(*attempt->mail().replaces));
  // Whoever waits sees it gone.
  backing_.cache.run([](cache::Edit&) {});
}

/// The new message is safe: what goes wrong here leaves one too many and is no failure.
void Appender::remove_replaced(imap::Session& session, const Shared& attempt) {
  const auto old = *attempt->mail().replaces;
  const imap::UidSet uids(old);
  try {
    session.select(attempt->name(), imap::Session::Refresh::no);
    session.store(uids, imap::FlagChange::add, {imap::Flags::deleted, {}});
    if (!session.can_expunge_by_uid()) return;
    session.expunge(uids);
    if (session.search(uids).empty()) forget_replaced(attempt);
  } catch (const imap::Error&) {
    // It is listed as long as it is there, so everybody sees that it is.
  }
}

void Appender::keep(imap::Session& session, const Shared& attempt, cache::MessageRow row) {
  const auto mailbox = attempt->mail().mailbox;
  const auto& message = *attempt->mail().message;
  const auto validity = session.selected()->uid_validity.value;
  attempt->stored = MessageKey{mailbox.value, row.uid};
  try {
    // Servers change what they store; of another size it is another text (Exchange, hMailServer).
    const bool is_same = !attempt->is_foreseen && row.size == message.size();
    const auto body = is_same ? keep_body(message) : std::nullopt;
    backing_.cache.run([&](cache::Edit& edit) {
      auto listed = row;
      if (const auto known = edit.message(mailbox, row.uid)) {
        // The server has described it meanwhile.
        if (attempt->is_foreseen) return;
        listed.body = known->body;
      }
      if (body) {
        if (listed.body.value != 0) edit.erase_body(listed.body);
        listed.body = edit.share_body(row.object_id, *body);
        listed.size_exact = true;
      }
      edit.put_message(mailbox, listed);
      Changes::put_ahead(edit, mailbox, validity);
    });
  } catch (const cache::Error&) {
    // It is listed when the mailbox is compared the next time.
    return;
  }
  changes_.arrived(mailbox);
}

std::optional<cache::BodyId> Appender::keep_body(const NewMessage& message) const {
  const auto id = backing_.cache.new_body_id();
  const auto source = message.source();
  try {
    std::vector<std::byte> octets(kBodyWrite);
    std::uint32_t index = 0;
    while (true) {
      std::size_t have = 0;
      while (have < octets.size()) {
        const auto got = source(std::span(octets).subspan(have));
        if (got == 0) break;
        have += got;
      }
      if (have == 0) break;
      backing_.cache.run([&](cache::Edit& edit) {
        auto next = index;
        for (std::size_t at = 0; at < have; at += cache::kChunkSize) {
          const auto size = std::min<std::size_t>(cache::kChunkSize, have - at);
          edit.put_body_chunk(id, next++, std::span(octets).subspan(at, size));
        }
      });
      index += static_cast<std::uint32_t>((have + cache::kChunkSize - 1) / cache::kChunkSize);
    }
    backing_.cache.run([&](cache::Edit& edit) { edit.finish_body(id, message.size()); });
    return id;
  } catch (const cache::Error&) {
    // A full cache is no reason for anything to fail: the body is fetched when it is read.
    backing_.cache.submit([id](cache::Edit& edit) { edit.erase_body(id); });
    return std::nullopt;
  }
}

}  // namespace fs
