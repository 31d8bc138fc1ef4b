// The commands that do not look at messages.

#include "tests/support/server_connection.h"

namespace tests {
namespace {

std::string capability_list(const Profile& profile) {
  std::string text = "CAPABILITY";
  for (const auto& atom : profile.capabilities) text += ' ' + atom;
  return text;
}

}  // namespace

std::string ServerConnection::delimiter_text(const Profile& profile) {
  return profile.delimiter ? quoted(std::string(1, *profile.delimiter)) : "NIL";
}

std::string ServerConnection::status_of(const Profile& profile, const StoredMailbox& mailbox) {
  return "* STATUS " + quoted(mailbox.name) + " (MESSAGES " +
         std::to_string(mailbox.messages.size()) + " UIDNEXT " + std::to_string(mailbox.uid_next) +
         " UIDVALIDITY " + std::to_string(mailbox.uid_validity) +
         (profile.has("CONDSTORE") ? " HIGHESTMODSEQ " + std::to_string(mailbox.modseq) : "") +
         (mailbox.object_id.empty() ? "" : " MAILBOXID (" + mailbox.object_id + ")") + ")\r\n";
}

const std::vector<ServerConnection::Entry>& ServerConnection::table() {
  using Self = ServerConnection;
  static const std::vector<Entry> entries{
      {"CAPABILITY", Needs::nothing, &Self::capability},
      {"LOGIN", Needs::nothing, &Self::login},
      {"AUTHENTICATE", Needs::nothing, &Self::authenticate},
      {"ID", Needs::nothing, &Self::id},
      {"NOOP", Needs::nothing, &Self::noop},
      {"LOGOUT", Needs::nothing, &Self::logout},
      {"ENABLE", Needs::login, &Self::enable},
      {"NAMESPACE", Needs::login, &Self::name_space},
      {"LIST", Needs::login, &Self::list},
      {"CREATE", Needs::login, &Self::create},
      {"DELETE", Needs::login, &Self::remove},
      {"RENAME", Needs::login, &Self::rename},
      {"SUBSCRIBE", Needs::login, &Self::subscribe},
      {"UNSUBSCRIBE", Needs::login, &Self::subscribe},
      {"LSUB", Needs::login, &Self::lsub},
      {"STATUS", Needs::login, &Self::status},
      {"EXAMINE", Needs::login, &Self::examine},
      {"SELECT", Needs::login, &Self::examine},
      {"UID SEARCH", Needs::mailbox, &Self::uid_search},
      {"UID FETCH", Needs::mailbox, &Self::uid_fetch},
      {"UID STORE", Needs::mailbox, &Self::uid_store},
      {"EXPUNGE", Needs::mailbox, &Self::expunge},
      {"UID EXPUNGE", Needs::mailbox, &Self::uid_expunge},
      {"UID COPY", Needs::mailbox, &Self::uid_copy},
      {"UID MOVE", Needs::mailbox, &Self::uid_move},
      {"APPEND", Needs::login, &Self::append},
      {"UID REPLACE", Needs::mailbox, &Self::uid_replace},
      {"CLOSE", Needs::mailbox, &Self::close},
      {"UNSELECT", Needs::mailbox, &Self::unselect},
  };
  return entries;
}

std::string ServerConnection::capability(const ReceivedCommand& /*command*/) {
  state_.data.with(
      [this](ServerData& server) { out_ += "* " + capability_list(server.profile) + "\r\n"; });
  return "OK done";
}

std::string ServerConnection::login(const ReceivedCommand& command) {
  if (command.argument(1) != "secret") return "NO [AUTHENTICATIONFAILED] wrong password";
  logged_in_ = true;
  return "OK logged in";
}

std::string ServerConnection::authenticate(const ReceivedCommand& command) {
  if (upper(command.argument(0)) != "PLAIN") return "NO no such mechanism";
  auto response = command.argument(1);
  if (response.empty()) {
    send_all("+ \r\n");
    response = read_line();
  }
  // base64 of NUL alice NUL secret
  if (response != "AGFsaWNlAHNlY3JldA==") return "NO [AUTHENTICATIONFAILED] wrong password";
  logged_in_ = true;
  return "OK logged in";
}

std::string ServerConnection::id(const ReceivedCommand& /*command*/) {
  out_ += "* ID (\"name\" \"memory\")\r\n";
  return "OK done";
}

std::string ServerConnection::noop(const ReceivedCommand& /*command*/) {
  return "OK done";
}

std::string ServerConnection::logout(const ReceivedCommand& /*command*/) {
  out_ += "* BYE see you\r\n";
  open_.reset();
  ended_ = true;
  return "OK done";
}

std::string ServerConnection::name_space(const ReceivedCommand& /*command*/) {
  return state_.data.with([this](ServerData& server) -> std::string {
    const auto& profile = server.profile;
    if (!profile.has("NAMESPACE")) return "BAD unknown command";
    out_ += "* NAMESPACE ((" + quoted(profile.prefix) + ' ' + delimiter_text(profile) +
            ")) NIL NIL\r\n";
    return "OK done";
  });
}

std::string ServerConnection::list(const ReceivedCommand& command) {
  auto prefix = command.argument(1);
  if (!prefix.ends_with('*')) return "BAD only whole hierarchies are listed here";
  prefix.pop_back();
  const bool tells_subscribed = command.line.find("SUBSCRIBED") != std::string::npos;
  state_.data.with([&](ServerData& server) {
    for (const auto& [name, mailbox] : server.mailboxes) {
      if (!name.starts_with(prefix)) continue;
      out_ += "* LIST (";
      for (const auto& attribute : mailbox.attributes) {
        if (!out_.ends_with('(')) out_ += ' ';
        out_ += attribute;
      }
      if (tells_subscribed && server.subscribed.contains(name)) {
        out_ += out_.ends_with('(') ? "\\Subscribed" : " \\Subscribed";
      }
      out_ += ") " + delimiter_text(server.profile) + ' ' + quoted(name) + "\r\n";
      if (command.line.find("STATUS (") != std::string::npos)
        out_ += status_of(server.profile, mailbox);
    }
  });
  return "OK done";
}

std::string ServerConnection::examine(const ReceivedCommand& command) {
  open_.reset();
  return state_.data.with([&](ServerData& server) -> std::string {
    const auto* mailbox = server.find(command.argument(0));
    if (mailbox == nullptr) return "NO [NONEXISTENT] no such mailbox";
    if (!mailbox->is_selectable()) return "NO [CANNOT] no messages can be in it";
    const bool is_read_only = command.name == "EXAMINE" || mailbox->is_read_only;
    open_ = OpenMailbox{mailbox->name, mailbox->uid_validity, {}, is_read_only, mailbox->modseq};
    for (const auto& message : mailbox->messages) open_->known.push_back(message.uid);
    out_ += "* FLAGS (\\Seen \\Answered \\Flagged \\Deleted \\Draft)\r\n";
    out_ += "* OK [PERMANENTFLAGS (" + (is_read_only ? "" : server.profile.permanent_flags) +
            ")] kept\r\n";
    out_ += "* " + std::to_string(open_->known.size()) + " EXISTS\r\n* 0 RECENT\r\n";
    if (server.profile.says_uid_validity) {
      out_ += "* OK [UIDVALIDITY " + std::to_string(mailbox->uid_validity) + "] valid\r\n";
    }
    if (server.profile.says_uid_next) {
      out_ += "* OK [UIDNEXT " + std::to_string(mailbox->uid_next) + "] next\r\n";
    }
    if (server.profile.has("CONDSTORE")) {
      out_ += "* OK [HIGHESTMODSEQ " + std::to_string(mailbox->modseq) + "] highest\r\n";
    }
    if (says_vanished_) resync(server, *mailbox, command.argument(1));
    return is_read_only ? "OK [READ-ONLY] open" : "OK [READ-WRITE] open";
  });
}

}  // namespace tests
