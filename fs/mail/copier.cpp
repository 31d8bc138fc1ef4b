#include "fs/mail/copier.h"

#include "cache/errors.h"
#include "fs/mail/convert.h"
#include "fs/mail/copies.h"
#include "fs/mail/errors.h"
#include "imap/base/errors.h"
#include "imap/session/session.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

namespace fs {

/// What is known of a copy, on the thread of one connection after the other.
struct Copier::Attempt {
  MailCopy what;
  std::shared_ptr<Delivery> delivery;
  cache::MailboxRow from_box;
  cache::MailboxRow to_box;
  cache::MessageRow original;
  bool sent = false;              // COPY, and it was not refused
  std::optional<imap::Uid> from;  // the copy is not below, if it is there at all
  std::uint64_t validity = 0;     // of the target
  std::optional<MessageKey> stored;

  imap::Uid uid() const { return imap::Uid{what.source.uid}; }
  const std::string& target() const { return to_box.wire_name; }
  bool is_within_a_mailbox() const { return what.source.mailbox == what.target.value; }
};

std::shared_ptr<Delivery> Copier::start(const MailCopy& copy, Delivery::OnEnd on_end) {
  imap::JobSpec spec;
  spec.mailbox = folders_.wire_name(cache::MailboxId{copy.source.mailbox});
  spec.what = fmt::format("copy a message to {}", folders_.wire_name(copy.target));
  auto attempt = std::make_shared<Attempt>();
  attempt->what = copy;
  attempt->from = copy.doubtful_from;
  attempt->delivery = std::make_shared<Delivery>(std::move(on_end));
  // May be repeated: it knows what it has sent before, and looks for that.
  backing_.pool
      .run(std::move(spec), [this, attempt](imap::Session& session) { bring(session, attempt); })
      .on_done([attempt](const std::exception_ptr& error) {
        attempt->delivery->end({attempt->stored, error, error ? attempt->from : std::nullopt});
      });
  return attempt->delivery;
}

void Copier::recall(const Shared& attempt) const {
  const auto& what = attempt->what;
  backing_.cache.read([&](const cache::View& view) {
    const auto from = view.mailbox(cache::MailboxId{what.source.mailbox});
    const auto to = view.mailbox(what.target);
    const auto original = view.message(cache::MailboxId{what.source.mailbox}, what.source.uid);
    if (!from || !to) throw StaleError("the folder is gone");
    if (!original) throw StaleError(fmt::format("message {} is gone", what.source.uid));
    attempt->from_box = *from;
    attempt->to_box = *to;
    attempt->original = *original;
  });
}

void Copier::bring(imap::Session& session, const Shared& attempt) {
  recall(attempt);
  std::optional<cache::MessageRow> copy;
  if (attempt->from) copy = find_patiently(session, attempt);
  if (!copy) {
    // The server may still be about to do it: it is not asked twice now.
    if (attempt->sent) {
      throw MailError(fmt::format(
          "the connection was lost while a message was copied to {}, and it is not there",
          attempt->target()));
    }
    copy = send(session, attempt);
    if (!copy) copy = find_patiently(session, attempt);
  }
  if (!copy) {
    throw MailError(fmt::format("the server says that it has copied a message, but it is not in {}",
                                attempt->target()));
  }
  keep(attempt, std::move(*copy));
}

/// Opens the mailbox that the message is in, for reading unless it is the target, too.
void Copier::open_source(imap::Session& session, const Shared& attempt) {
  const auto& row = attempt->from_box;
  try {
    using Refresh = imap::Session::Refresh;
    const auto& state = attempt->is_within_a_mailbox()
                            ? session.select(row.wire_name, Refresh::no)
                            : session.examine(row.wire_name, Refresh::no);
    if (row.uid_validity == state.uid_validity.value) return;
  } catch (const imap::CommandError&) {
    folders_.refused(session, row.wire_name);
    throw;
  }
  throw StaleError(fmt::format("{} has another UIDVALIDITY now", row.wire_name));
}

/// The lowest UID that the copy can get; finds out the target's UIDVALIDITY on the way.
imap::Uid Copier::first_new(imap::Session& session, const Shared& attempt) const {
  auto first = imap::Uid{1};
  if (attempt->is_within_a_mailbox()) {
    attempt->validity = session.selected()->uid_validity.value;
    first = std::max(first, session.selected()->uid_next);
    // What it was when the mailbox was opened may be long ago.
    return std::max(first, backing_.cache.read([&](const cache::View& view) {
      return next_uid(view, attempt->what.target);
    }));
  }
  try {
    const auto status = session.status(attempt->target());
    attempt->validity = status.uid_validity.value_or(0);
    first = std::max(first, imap::Uid{status.uid_next.value_or(0)});
  } catch (const imap::CommandError&) {
    folders_.refused(session, attempt->target());
    throw;
  }
  const auto known = attempt->to_box.uid_validity;
  if (known != 0 && attempt->validity != known) {
    throw StaleError(fmt::format("{} has another UIDVALIDITY now", attempt->target()));
  }
  return first;
}

/// The row of the copy, if the server says where it is.
std::optional<cache::MessageRow> Copier::send(imap::Session& session, const Shared& attempt) {
  open_source(session, attempt);
  attempt->from = first_new(session, attempt);
  const imap::UidSet uids(attempt->uid());
  imap::CopyResult result;
  attempt->sent = true;
  try {
    result = session.copy(uids, attempt->target());
  } catch (const imap::CommandError&) {
    attempt->sent = false;
    attempt->from.reset();
    throw;
  }
  // A message that is gone is passed over without a word.
  if (result.source.empty() && session.search(uids).empty()) {
    attempt->sent = false;
    attempt->from.reset();
    throw StaleError(fmt::format("message {} is gone", attempt->uid().value));
  }
  const auto uid = result.only();
  if (!uid || result.uid_validity.value != attempt->validity) return std::nullopt;
  // Flags and time come along (RFC 9051 section 6.4.7).
  auto row = attempt->original;
  row.uid = uid->value;
  row.modseq = 0;
  return row;
}

std::optional<cache::MessageRow> Copier::find(imap::Session& session, const Shared& attempt) const {
  const auto& before = attempt->original;
  // Its announced size may have been wrong, and that of the copy is wrong in the same way.
  const auto size = before.size_exact ? 0 : before.size;
  imap::Inquiry inquiry;
  inquiry.summaries = imap::UidSet(*attempt->from, imap::kMaxUid);
  const auto findings = session.inquire(inquiry);
  std::optional<cache::MessageRow> found;
  backing_.cache.read([&](const cache::View& view) {
    bool is_new = false;
    for (const auto& summary : findings.summaries) {
      auto row = to_row(summary);
      if (!is_copy(before.message_id, size, before, row)) continue;
      // One that is listed already is rather what somebody else has copied.
      const bool is_listed = view.message(attempt->what.target, row.uid).has_value();
      if (found && (is_new || is_listed)) continue;
      is_new = !is_listed;
      found = std::move(row);
    }
  });
  return found;
}

std::optional<cache::MessageRow> Copier::find_patiently(imap::Session& session,
                                                        const Shared& attempt) const {
  const auto& state = session.examine(attempt->target(), imap::Session::Refresh::yes);
  const auto known = attempt->to_box.uid_validity;
  if (known != 0 && state.uid_validity.value != known) {
    throw StaleError(fmt::format("{} has another UIDVALIDITY now", attempt->target()));
  }
  attempt->validity = state.uid_validity.value;
  if (auto found = find(session, attempt)) return found;
  // Courier shows a new message after NOOP only.
  session.noop();
  return find(session, attempt);
}

void Copier::keep(const Shared& attempt, cache::MessageRow row) {
  const auto& what = attempt->what;
  const MessageKey key{what.target.value, row.uid};
  if (key == what.source) {
    attempt->from.reset();
    throw ChangeRefusedError(
        ChangeRefusedError::Reason::exists,
        fmt::format("the server keeps a message once in {}", attempt->target()));
  }
  attempt->stored = key;
  try {
    backing_.cache.run([&](cache::Edit& edit) {
      const auto original = edit.message(cache::MailboxId{what.source.mailbox}, what.source.uid)
                                .value_or(attempt->original);
      // What the server has made one of two that it had is listed already (Gmail).
      if (auto known = edit.message(what.target, row.uid)) row = std::move(*known);
      if (row.body.value == 0 && row.size == original.size) {
        row.body = original.body;
        row.size_exact = original.size_exact;
      }
      edit.put_message(what.target, row);
      Changes::put_ahead(edit, what.target, attempt->validity);
    });
  } catch (const cache::Error&) {
    // It is listed when the mailbox is compared the next time.
    return;
  }
  changes_.arrived(what.target);
}

}  // namespace fs
