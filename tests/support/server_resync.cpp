// Mod-sequences for those who were away (RFC 7162): ENABLE, and what opening a mailbox tells then.

#include "tests/support/server_connection.h"

namespace tests {

std::string ServerConnection::enable(const ReceivedCommand& command) {
  return state_.data.with([&](ServerData& server) -> std::string {
    if (!server.profile.has("ENABLE")) return "BAD unknown command";
    out_ += "* ENABLED";
    for (const auto& argument : command.arguments) {
      const auto extension = upper(argument);
      if (extension != "CONDSTORE" && extension != "QRESYNC") continue;
      if (!server.profile.has(extension)) continue;
      out_ += ' ' + extension;
      if (extension == "QRESYNC") says_vanished_ = true;
    }
    out_ += "\r\n";
    return "OK done";
  });
}

void ServerConnection::resync(const ServerData& server, const StoredMailbox& mailbox,
                              const std::string& parameter) {
  const auto words = words_of(parameter);
  if (words.size() != 2 || upper(words[0]) != "QRESYNC") return;
  const auto point = words_of(words[1]);  // UIDVALIDITY, mod-sequence, and perhaps the known UIDs
  if (point.size() < 2 || point[0] != std::to_string(mailbox.uid_validity)) return;
  const auto since = std::stoull(point[1]);
  const auto known =
      point.size() > 2 ? uids_in(point[2]) : imap::UidSet(imap::Uid{1}, imap::kMaxUid);
  if (known) say_vanished_earlier(mailbox.vanished(*known, since));
  for (std::size_t at = 0; at < open_->known.size(); ++at) {
    const auto& message = *mailbox.find(open_->known[at]);
    const bool asked = known && known->contains(message.uid);
    if (asked && message.modseq > since) say_flags(server, at + 1, message);
  }
}

void ServerConnection::say_vanished_earlier(const imap::UidSet& uids) {
  if (!uids.empty()) out_ += "* VANISHED (EARLIER) " + uids.to_string() + "\r\n";
}

}  // namespace tests
