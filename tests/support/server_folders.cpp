// The commands that make, rename and delete mailboxes, or tell of those that are not open.

#include "tests/support/server_connection.h"

#include <algorithm>

namespace tests {
namespace {

std::string refusal(const Profile& profile, std::string_view code, std::string_view text) {
  std::string answer = "NO ";
  if (profile.says_codes) answer.append("[").append(code).append("] ");
  return answer.append(text);
}

bool is_below(const Profile& profile, const std::string& name, const std::string& other) {
  return profile.delimiter && name.starts_with(other + *profile.delimiter);
}

bool has_below(const ServerData& server, const std::string& name) {
  return std::ranges::any_of(server.mailboxes, [&](const auto& known) {
    return is_below(server.profile, known.first, name);
  });
}

}  // namespace

std::string ServerConnection::create(const ReceivedCommand& command) {
  const auto name = command.argument(0);
  return state_.data.with([&](ServerData& server) -> std::string {
    if (server.find(name) != nullptr) {
      return refusal(server.profile, "ALREADYEXISTS", "Mailbox already exists");
    }
    StoredMailbox mailbox;
    mailbox.name = name;
    mailbox.uid_validity = server.next_uid_validity++;
    if (server.profile.has("OBJECTID")) {
      mailbox.object_id = "M" + std::to_string(mailbox.uid_validity);
    }
    server.mailboxes.emplace(name, mailbox);
    return mailbox.object_id.empty() ? "OK done"
                                     : "OK [MAILBOXID (" + mailbox.object_id + ")] done";
  });
}

std::string ServerConnection::remove(const ReceivedCommand& command) {
  const auto name = command.argument(0);
  return state_.data.with([&](ServerData& server) -> std::string {
    if (server.find(name) == nullptr) {
      return refusal(server.profile, "NONEXISTENT", "Mailbox does not exist");
    }
    if (has_below(server, name)) {
      return refusal(server.profile, "HASCHILDREN", "Mailbox has inferior hierarchical names");
    }
    server.mailboxes.erase(name);
    return "OK done";
  });
}

std::string ServerConnection::rename(const ReceivedCommand& command) {
  const auto from = command.argument(0);
  const auto to = command.argument(1);
  return state_.data.with([&](ServerData& server) -> std::string {
    const auto& profile = server.profile;
    if (server.find(from) == nullptr && !has_below(server, from)) {
      return refusal(profile, "NONEXISTENT", "Mailbox does not exist");
    }
    if (server.find(to) != nullptr || has_below(server, to)) {
      return refusal(profile, "ALREADYEXISTS", "Mailbox already exists");
    }
    std::vector<std::string> names;
    for (const auto& [name, mailbox] : server.mailboxes) {
      if (name == from || is_below(profile, name, from)) names.push_back(name);
    }
    for (const auto& name : names) {
      auto mailbox = server.mailboxes.extract(name);
      mailbox.key() = mailbox.mapped().name = to + name.substr(from.size());
      if (profile.renews_renamed) mailbox.mapped().uid_validity = server.next_uid_validity++;
      server.mailboxes.insert(std::move(mailbox));
    }
    return "OK done";
  });
}

std::string ServerConnection::subscribe(const ReceivedCommand& command) {
  return state_.data.with([&](ServerData& server) -> std::string {
    if (command.name == "SUBSCRIBE") {
      server.subscribed.insert(command.argument(0));
    } else {
      server.subscribed.erase(command.argument(0));
    }
    return "OK done";
  });
}

std::string ServerConnection::lsub(const ReceivedCommand& /*command*/) {
  return state_.data.with([this](ServerData& server) -> std::string {
    for (const auto& name : server.subscribed) {
      out_ += "* LSUB () " + delimiter_text(server.profile) + ' ' + quoted(name) + "\r\n";
    }
    return "OK done";
  });
}

std::string ServerConnection::status(const ReceivedCommand& command) {
  return state_.data.with([&](ServerData& server) -> std::string {
    const auto* mailbox = server.find(command.argument(0));
    if (mailbox == nullptr || !mailbox->is_selectable()) {
      return refusal(server.profile, "NONEXISTENT", "Mailbox does not exist");
    }
    out_ += status_of(server.profile, *mailbox);
    return "OK done";
  });
}

}  // namespace tests
