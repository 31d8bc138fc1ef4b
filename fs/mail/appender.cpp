#include "fs/mail/appender.h"

#include "fs/mail/append_attempt.h"
#include "fs/mail/errors.h"
#include "imap/base/errors.h"
#include "imap/session/session.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <utility>
#include <vector>

namespace fs {

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
      .on_done([this, attempt](const std::exception_ptr& error) {
        if (error) trust_.refused(attempt->mail().mailbox);
        attempt->delivery->end({attempt->stored, error, error ? attempt->from : std::nullopt});
      });
  return attempt->delivery;
}

bool Appender::will_take(const NewMail& mail) {
  return !backing_.settings.sync && !mail.replaces && !mail.doubtful_from &&
         mail.message->content() == imap::NewMessage::Content::plain &&
         trust_.spend(mail.mailbox, mail.message->size());
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
    row = foreseen(attempt);
    attempt->is_foreseen = row.has_value();
    if (!row) row = find_patiently(session, attempt);
  }
  if (!row) throw not_there(attempt);
  keep(session, {{attempt, std::move(*row)}});
  if (!attempt->mail().replaces && attempt->told) trust_.taken(attempt->mail().mailbox, session);
  if (replaced) {
    forget_replaced(attempt);
  } else if (attempt->mail().replaces) {
    remove_replaced(session, attempt);
  }
}

void Appender::send(imap::Session& session, const Shared& attempt) {
  using Sent = Attempt::Sent;
  const auto& mail = attempt->mail();
  const auto message = message_of(session, attempt);
  attempt->from = first_new(session, attempt);
  try {
    note_told(session, attempt,
              mail.replaces && session.can_replace()
                  ? session.replace(*mail.replaces, attempt->name(), message)
                  : session.append(attempt->name(), message));
  } catch (const imap::CommandError&) {
    // The server has to leave the mailbox as it was (RFC 9051 6.3.12).
    attempt->sent = Sent::nothing;
    attempt->from.reset();
    throw;
  }
}

imap::NewMessage Appender::message_of(const imap::Session& session, const Shared& attempt) {
  using Sent = Attempt::Sent;
  const auto& mail = attempt->mail();
  const auto content = mail.message->content();
  if (content == imap::NewMessage::Content::binary && !session.capabilities().has("BINARY")) {
    throw NotAMessageError("it contains NUL characters, which the server does not take");
  }
  imap::NewMessage message;
  message.size = mail.message->size();
  message.flags = attempt->flags;
  message.internal_date = mail.time;
  message.content = content;
  message.source = [attempt, left = message.size,
                    source = mail.message->source()](std::span<std::byte> room) mutable {
    if (attempt->delivery) attempt->delivery->progress();
    const auto got = source(room);
    left -= std::min<std::uint64_t>(left, got);
    attempt->sent = left == 0 ? Sent::everything : Sent::something;
    return got;
  };
  return message;
}

void Appender::note_told(const imap::Session& session, const Shared& attempt,
                         const std::optional<imap::AppendUid>& told) {
  if (told && told->uid_validity == session.selected()->uid_validity) attempt->told = told->uid;
}

// Several at once

void Appender::bring_all(imap::Session& session, std::vector<NewMail>& mails,
                         const OnOutcome& tell) {
  std::vector<Indexed> fresh;
  for (std::size_t index = 0; index < mails.size(); ++index) {
    auto attempt = std::make_shared<Attempt>();
    attempt->what = mails[index];
    attempt->from = attempt->mail().doubtful_from;
    open(session, attempt);
    auto row = attempt->from ? find_patiently(session, attempt) : std::nullopt;
    if (row) {
      keep(session, {{attempt, std::move(*row)}});
      tell(index, {attempt->stored, nullptr, {}});
    } else {
      fresh.emplace_back(index, std::move(attempt));
    }
  }
  if (fresh.empty()) return;
  const auto accepted = send_all(session, mails, fresh, tell);
  std::vector<Kept> kept;
  std::vector<std::size_t> indices;
  for (const auto& [index, attempt] : accepted) {
    auto row = foreseen(attempt);
    attempt->is_foreseen = row.has_value();
    if (!row) row = find_patiently(session, attempt);
    if (!row) {
      tell(index, {{}, std::make_exception_ptr(not_there(attempt)), attempt->from});
      continue;
    }
    kept.push_back({attempt, std::move(*row)});
    indices.push_back(index);
  }
  keep(session, kept);
  for (std::size_t at = 0; at < kept.size(); ++at) {
    tell(indices[at], {kept[at].attempt->stored, nullptr, {}});
  }
  if (!kept.empty() && kept.back().attempt->told) {
    trust_.taken(kept.back().attempt->mail().mailbox, session);
  }
}

/// Those that the server has accepted. Of the others it is told that they were refused.
std::vector<Appender::Indexed> Appender::send_all(imap::Session& session,
                                                  std::vector<NewMail>& mails,
                                                  const std::vector<Indexed>& fresh,
                                                  const OnOutcome& tell) {
  std::vector<imap::NewMessage> messages;
  const auto from = first_new(session, fresh.front().second);
  for (const auto& [index, attempt] : fresh) {
    messages.push_back(message_of(session, attempt));
    // From here on nobody knows what the server has, until it answers.
    attempt->from = mails[index].doubtful_from = from;
  }
  std::vector<Indexed> accepted;
  const auto answered = [&](std::size_t at, const std::optional<imap::AppendUid>& uid,
                            const std::exception_ptr& refused) {
    const auto& [index, attempt] = fresh[at];
    if (!refused) {
      note_told(session, attempt, uid);
      accepted.push_back(fresh[at]);
      return;
    }
    trust_.refused(attempt->mail().mailbox);
    mails[index].doubtful_from.reset();
    tell(index, {{}, refused, {}});
  };
  const auto& name = fresh.front().second->name();
  if (std::ranges::all_of(messages, [&](const auto& one) { return session.takes_unasked(one); })) {
    session.append_all(name, messages, answered);
    return accepted;
  }
  for (std::size_t at = 0; at < messages.size(); ++at) {
    try {
      answered(at, session.append(name, messages[at]), nullptr);
    } catch (const imap::CommandError&) {
      answered(at, {}, std::current_exception());
    }
  }
  return accepted;
}

}  // namespace fs
