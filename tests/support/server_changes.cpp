// The commands that change the messages of a mailbox, or bring new ones.

#include "tests/support/server_connection.h"

#include <algorithm>

namespace tests {
namespace {

constexpr std::string_view kDeleted = "\\Deleted";

bool names(const std::vector<std::string>& flags, const std::string& flag) {
  return std::ranges::any_of(flags, [&](const auto& one) { return upper(one) == upper(flag); });
}

std::string joined(const std::vector<std::string>& flags) {
  std::string text;
  for (const auto& flag : flags) text += (text.empty() ? "" : " ") + flag;
  return text;
}

/// Those of the flags that the server keeps.
std::vector<std::string> kept(const Profile& profile, const std::vector<std::string>& flags) {
  const auto permanent = words_of(profile.permanent_flags);
  const bool any_keyword = names(permanent, "\\*");
  std::vector<std::string> result;
  for (const auto& flag : flags) {
    const bool is_new_keyword = any_keyword && !flag.starts_with('\\');
    if (!names(result, flag) && (is_new_keyword || names(permanent, flag))) result.push_back(flag);
  }
  return result;
}

/// What flags become by `+FLAGS`, `-FLAGS` or `FLAGS`.
std::string changed(const std::string& flags, char how, const std::vector<std::string>& given) {
  auto result = how == 'F' ? std::vector<std::string>() : words_of(flags);
  if (how == '-') {
    std::erase_if(result, [&](const std::string& flag) { return names(given, flag); });
  } else {
    for (const auto& flag : given) {
      if (!names(result, flag)) result.push_back(flag);
    }
  }
  return joined(result);
}

imap::UidSet deleted_of(const StoredMailbox& mailbox, const imap::UidSet& among) {
  imap::UidSet found;
  for (const auto& message : mailbox.messages) {
    if (among.contains(message.uid) && message.has_flag(kDeleted)) found.add(message.uid);
  }
  return found;
}

/// The message that a command brings: its last argument, behind flags and date from `first` on.
Mail brought_mail(const Profile& profile, const ReceivedCommand& command, std::size_t first) {
  Mail mail{command.arguments.back()};
  for (auto at = first; at + 1 < command.arguments.size(); ++at) {
    const auto& argument = command.arguments[at];
    if (argument.starts_with('(')) {
      mail.flags = joined(kept(profile, words_of(argument)));
    } else {
      mail.internal_date = argument;
    }
  }
  return mail;
}

std::string append_uid(const ServerData& server, const StoredMailbox& mailbox, imap::Uid uid) {
  if (!server.profile.has("UIDPLUS")) return {};
  return "[APPENDUID " + std::to_string(mailbox.uid_validity) + ' ' + std::to_string(uid.value) +
         "] ";
}

constexpr auto kNoSuchMailbox = "NO [TRYCREATE] no such mailbox";
// Dovecot 2.3.19 says OK, and does nothing.
constexpr auto kIgnored = "OK ignored in a mailbox that is open for reading alone";

}  // namespace

std::string ServerConnection::uid_store(const ReceivedCommand& command) {
  return state_.data.with([&](ServerData& server) -> std::string {
    const auto uids = uids_in(command.argument(0));
    const auto unchanged_since = modifier_of(command.argument(1), "UNCHANGEDSINCE");
    const std::size_t first = unchanged_since ? 2 : 1;
    const auto how = upper(command.argument(first));
    if (!uids || how.find("FLAGS") > 1) return "BAD not a change of flags";
    const bool has_modseqs = server.profile.has("CONDSTORE");
    if (unchanged_since && !has_modseqs) return "BAD unknown modifier";
    if (open_->is_read_only) return kIgnored;
    // What others have changed is told before, so that what is left at the end is theirs.
    announce(server);
    const auto given = kept(server.profile, words_of(command.argument(first + 1)));
    auto& mailbox = opened(server);
    imap::UidSet modified;
    for (std::size_t at = 0; at < open_->known.size(); ++at) {
      if (!uids->contains(open_->known[at])) continue;
      auto& message = *mailbox.find(open_->known[at]);
      if (unchanged_since && message.modseq > *unchanged_since) {
        modified.add(message.uid);
        continue;
      }
      mailbox.set_flags(message, changed(message.mail.flags, how.front(), given));
      // The mod-sequence is told in any case (RFC 7162 section 3.1.3).
      if (has_modseqs || !how.ends_with(".SILENT")) say_flags(server, at + 1, message);
    }
    open_->told = mailbox.modseq;
    return modified.empty() ? "OK done" : "OK [MODIFIED " + modified.to_string() + "] not all";
  });
}

std::string ServerConnection::expunge(const ReceivedCommand& /*command*/) {
  return state_.data.with([&](ServerData& server) -> std::string {
    if (open_->is_read_only) return kIgnored;
    auto& mailbox = opened(server);
    mailbox.expunge(deleted_of(mailbox, imap::UidSet(imap::Uid{1}, imap::kMaxUid)));
    return "OK done";
  });
}

std::string ServerConnection::uid_expunge(const ReceivedCommand& command) {
  return state_.data.with([&](ServerData& server) -> std::string {
    if (!server.profile.has("UIDPLUS")) return "BAD unknown command";
    const auto uids = uids_in(command.argument(0));
    if (!uids) return "BAD not a set of UIDs";
    if (open_->is_read_only) return kIgnored;
    auto& mailbox = opened(server);
    mailbox.expunge(deleted_of(mailbox, *uids));
    return "OK done";
  });
}

std::string ServerConnection::copy_to(ServerData& server, StoredMailbox& target,
                                      const imap::UidSet& uids) {
  // Into the same mailbox, perhaps: what is there is known before anything is added.
  imap::UidSet from;
  std::vector<Mail> mails;
  for (const auto& message : opened(server).messages) {
    if (!uids.contains(message.uid)) continue;
    from.add(message.uid);
    mails.push_back(message.mail);
  }
  imap::UidSet to;
  for (auto& mail : mails) to.add(target.append(std::move(mail)));
  if (from.empty() || !server.profile.has("UIDPLUS")) return {};
  return "[COPYUID " + std::to_string(target.uid_validity) + ' ' + from.to_string() + ' ' +
         to.to_string() + "] ";
}

std::string ServerConnection::uid_copy(const ReceivedCommand& command) {
  return state_.data.with([&](ServerData& server) -> std::string {
    const auto uids = uids_in(command.argument(0));
    if (!uids) return "BAD not a set of UIDs";
    auto* target = server.find(command.argument(1));
    if (target == nullptr) return kNoSuchMailbox;
    return "OK " + copy_to(server, *target, *uids) + "copied";
  });
}

std::string ServerConnection::uid_move(const ReceivedCommand& command) {
  return state_.data.with([&](ServerData& server) -> std::string {
    if (!server.profile.has("MOVE")) return "BAD unknown command";
    const auto uids = uids_in(command.argument(0));
    if (!uids) return "BAD not a set of UIDs";
    auto* target = server.find(command.argument(1));
    if (target == nullptr) return kNoSuchMailbox;
    if (open_->is_read_only) return "NO [READ-ONLY] the messages cannot leave";
    // Not what the copying adds, if this is the target.
    auto& mailbox = opened(server);
    imap::UidSet leaving;
    for (const auto& message : mailbox.messages) {
      if (uids->contains(message.uid)) leaving.add(message.uid);
    }
    const auto code = copy_to(server, *target, leaving);
    if (!code.empty()) out_ += "* OK " + code + "moved\r\n";
    mailbox.expunge(leaving);
    return "OK done";
  });
}

std::string ServerConnection::append(const ReceivedCommand& command) {
  return state_.data.with([&](ServerData& server) -> std::string {
    if (command.arguments.size() < 2) return "BAD nothing to append";
    auto* mailbox = server.find(command.argument(0));
    if (mailbox == nullptr) return kNoSuchMailbox;
    if (mailbox->is_read_only) return "NO [NOPERM] not into this mailbox";
    const auto uid = mailbox->append(brought_mail(server.profile, command, 1));
    return "OK " + append_uid(server, *mailbox, uid) + "appended";
  });
}

std::string ServerConnection::uid_replace(const ReceivedCommand& command) {
  return state_.data.with([&](ServerData& server) -> std::string {
    if (!server.profile.has("REPLACE")) return "BAD unknown command";
    const auto old = uids_in(command.argument(0));
    if (!old || old->size() != 1 || command.arguments.size() < 3) return "BAD not one message";
    auto* target = server.find(command.argument(1));
    if (target == nullptr) return kNoSuchMailbox;
    auto& mailbox = opened(server);
    if (mailbox.find(old->front()) == nullptr) return "NO [NONEXISTENT] no such message";
    if (open_->is_read_only) return "NO [READ-ONLY] the message cannot be replaced";
    const auto uid = target->append(brought_mail(server.profile, command, 2));
    const auto code = append_uid(server, *target, uid);
    if (!code.empty()) out_ += "* OK " + code + "replaced\r\n";
    mailbox.expunge(*old);
    return "OK done";
  });
}

std::string ServerConnection::close(const ReceivedCommand& command) {
  auto outcome = expunge(command);
  open_.reset();
  return outcome;
}

std::string ServerConnection::unselect(const ReceivedCommand& /*command*/) {
  return state_.data.with([&](ServerData& server) -> std::string {
    if (!server.profile.has("UNSELECT")) return "BAD unknown command";
    open_.reset();
    return "OK done";
  });
}

}  // namespace tests
