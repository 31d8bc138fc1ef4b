// The commands that look at the messages of the open mailbox.

#include "tests/support/server_connection.h"

#include <algorithm>

namespace tests {
namespace {

std::string literal(std::string_view octets) {
  std::string text = "{" + std::to_string(octets.size()) + "}\r\n";
  return text += octets;
}

/// The fields of a header block whose names stand in `(...)`, in their order in the message, and
/// the empty line.
std::string header_fields(const std::string& octets, std::string_view list) {
  std::vector<std::string> wanted;
  for (const auto& word : words_of(list)) wanted.push_back(upper(word));
  std::string fields;
  bool picked = false;
  for (std::size_t at = 0; at < octets.size();) {
    auto end = octets.find("\r\n", at);
    end = end == std::string::npos ? octets.size() : end + 2;
    const auto line = octets.substr(at, end - at);
    if (line == "\r\n") break;
    const bool folded = line.starts_with(' ') || line.starts_with('\t');
    if (!folded) {
      picked = std::ranges::find(wanted, upper(line.substr(0, line.find(':')))) != wanted.end();
    }
    if (picked) fields += line;
    at = end;
  }
  return fields + "\r\n";
}

/// One item of FETCH with its value; empty when it is not given.
std::string fetch_item(const Faults& faults, const StoredMessage& message,
                       const std::string& item) {
  const auto name = upper(item);
  const auto& octets = message.mail.octets;
  if (name == "FLAGS") return "FLAGS (" + message.mail.flags + ")";
  if (name == "INTERNALDATE") return "INTERNALDATE " + quoted(message.mail.internal_date);
  if (name == "RFC822.SIZE") {
    const auto size = faults.announced_size ? faults.announced_size(message.uid, octets.size())
                                            : std::optional<std::uint64_t>(octets.size());
    return size ? "RFC822.SIZE " + std::to_string(*size) : "";
  }
  if (name == "MODSEQ") return "MODSEQ (" + std::to_string(message.modseq) + ")";
  if (name == "BODY.PEEK[]") return "BODY[] " + literal(octets);
  if (name.starts_with("BODY.PEEK[]<")) {
    const auto dot = name.find('.', sizeof "BODY.PEEK[]<");
    const auto origin = std::stoul(name.substr(name.find('<') + 1));
    const auto part =
        octets.substr(std::min(origin, octets.size()), std::stoul(name.substr(dot + 1)));
    return "BODY[]<" + std::to_string(origin) + "> " + literal(part);
  }
  constexpr std::string_view kFields = "BODY.PEEK[HEADER.FIELDS ";
  if (name.starts_with(kFields)) {
    const auto list = item.substr(kFields.size(), item.size() - kFields.size() - 1);
    return "BODY[HEADER.FIELDS " + list + "] " + literal(header_fields(octets, list));
  }
  return {};
}

}  // namespace

std::optional<imap::UidSet> ServerConnection::uids_in(std::string text) const {
  const auto& known = open_->known;
  const auto last = std::to_string(known.empty() ? 1 : known.back().value);
  for (auto star = text.find('*'); star != std::string::npos; star = text.find('*')) {
    text.replace(star, 1, last);
  }
  return imap::UidSet::parse(text, 100'000);
}

std::string ServerConnection::uid_search(const ReceivedCommand& command) {
  auto keys = command.arguments;
  const bool extended = !keys.empty() && upper(keys.front()) == "RETURN";
  if (extended) keys.erase(keys.begin(), keys.begin() + 2);
  return state_.data.with([&](ServerData& server) -> std::string {
    if (extended && !server.profile.has("ESEARCH")) return "BAD unknown search key RETURN";
    const auto& mailbox = opened(server);
    std::optional<imap::UidSet> wanted;
    if (keys.size() == 1 && upper(keys[0]) == "ALL") {
      wanted = imap::UidSet(imap::Uid{1}, imap::kMaxUid);
    } else if (keys.size() == 2 && upper(keys[0]) == "UID") {
      wanted = uids_in(keys[1]);
    }
    if (!wanted) return "BAD unknown search key";
    imap::UidSet found;
    for (const auto uid : open_->known) {
      if (wanted->contains(uid) && mailbox.find(uid) != nullptr) found.add(uid);
    }
    found = found.without(server.faults.search_omits);
    if (extended) {
      out_ += "* ESEARCH (TAG \"" + command.tag + "\") UID";
      if (!found.empty()) out_ += " ALL " + found.to_string();
    } else {
      out_ += "* SEARCH";
      for (const auto& range : found.ranges()) {
        for (auto uid = range.first.value; uid <= range.last.value; ++uid) {
          out_ += ' ' + std::to_string(uid);
        }
      }
    }
    out_ += "\r\n";
    return "OK done";
  });
}

bool ServerConnection::leaves_out(ServerData& server, const std::string& line,
                                  imap::Uid uid) const {
  for (auto& omission : server.faults.omissions) {
    if (omission.times == 0 || omission.uid != uid || omission.mailbox != open_->name) continue;
    if (line.find(omission.command) == std::string::npos) continue;
    --omission.times;
    return true;
  }
  return false;
}

std::string ServerConnection::uid_fetch(const ReceivedCommand& command) {
  return state_.data.with([&](ServerData& server) -> std::string {
    const auto& mailbox = opened(server);
    const auto uids = uids_in(command.argument(0));
    if (!uids) return "BAD not a set of UIDs";
    auto items = words_of(command.argument(1));
    const auto since = modifier_of(command.argument(2), "CHANGEDSINCE");
    if (since) {
      if (!server.profile.has("CONDSTORE")) return "BAD unknown modifier";
      items.emplace_back("MODSEQ");
      if (says_vanished_) say_vanished_earlier(mailbox.vanished(*uids, *since));
    }
    for (std::size_t at = 0; at < open_->known.size(); ++at) {
      const auto uid = open_->known[at];
      const auto* message = mailbox.find(uid);
      if (!uids->contains(uid) || message == nullptr || message->modseq <= since.value_or(0))
        continue;
      if (leaves_out(server, command.line, uid)) continue;
      const auto uid_item = "UID " + std::to_string(uid.value);
      std::string row;
      if (!server.faults.uid_last) row = uid_item;
      for (const auto& item : items) {
        if (upper(item) == "UID") continue;
        const auto value = fetch_item(server.faults, *message, item);
        if (!row.empty() && !value.empty()) row += ' ';
        row += value;
      }
      if (server.faults.uid_last) row += ' ' + uid_item;
      out_ += "* " + std::to_string(at + 1) + " FETCH (" + row + ")\r\n";
    }
    return "OK done";
  });
}

}  // namespace tests
