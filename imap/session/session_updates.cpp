// Taking in what the server says, asked or not: one path for every command.

#include "imap/base/errors.h"
#include "imap/session/session.h"

#include <fmt/format.h>

#include <utility>

namespace imap {
namespace {

/// Octets that are kept of the greeting and of the server's id.
constexpr std::size_t kLongestName = 1024;

}  // namespace

void Session::translate_names(Response& response) {
  if (auto* row = std::get_if<ListRow>(&response)) {
    row->name = names_.from_server(std::move(row->name));
  } else if (auto* lsub = std::get_if<LsubRow>(&response)) {
    lsub->row.name = names_.from_server(std::move(lsub->row.name));
  } else if (auto* status = std::get_if<StatusRow>(&response)) {
    status->name = names_.from_server(std::move(status->name));
  }
}

void Session::note(const Response& response) {
  if (const auto* status = std::get_if<Status>(&response)) {
    note_status(*status);
  } else if (const auto* capabilities = std::get_if<Capabilities>(&response)) {
    // One list may come in several responses.
    for (const auto& atom : capabilities->atoms()) {
      add_capability(atom);
    }
  } else if (const auto* id = std::get_if<ServerId>(&response)) {
    server_id_ = id->text.substr(0, kLongestName);
  } else if (const auto* spaces = std::get_if<NamespaceRow>(&response)) {
    if (!spaces->personal.empty()) namespace_ = spaces->personal.front();
  } else if (const auto* status_row = std::get_if<StatusRow>(&response)) {
    if (notifying_ && !asking_mailboxes_) note_watched(*status_row);
  } else if (std::holds_alternative<ListRow>(response)) {
    if (notifying_ && !asking_mailboxes_) updates_.folders_changed = true;
  } else if (const auto* enabled = std::get_if<Enabled>(&response)) {
    // Some builds of Cyrus repeat it, even empty, during SELECT: nothing is turned off by that.
    for (const auto& name : enabled->names) {
      if (enabling_.contains(name)) enabled_.insert(name);
    }
  }
  open_.note(response);
  const auto* status = std::get_if<Status>(&response);
  if (status != nullptr && !ending_idle_.empty() && status->tag == ending_idle_) idle_ended();
}

void Session::note_status(const Status& status) {
  if (status.tag == "DONE" && std::exchange(said_done_, false)) {
    // The server had ended IDLE by itself, and took what crossed that for a command.
    return;
  }
  if (!status.tag.empty()) {
    const auto pending = pending_.find(status.tag);
    if (pending == pending_.end() || pending->second) {
      throw ProtocolError("the server answered a command that was not sent");
    }
    pending->second = status;
    throttle_.note(status);
    if (status.condition != Condition::ok) ++refusals_;
  }
  if (status.condition == Condition::bye && greeting_.empty()) {
    throw RefusedError(fmt::format("the server turned the connection away: {}", status.text));
  }
  if (status.condition == Condition::bye) {
    throw ConnectionError(fmt::format("the server said goodbye: {}", status.text));
  }
  const bool greets = status.condition == Condition::ok || status.condition == Condition::preauth;
  if (status.tag.empty() && greets && greeting_.empty()) {
    greeting_ = status.text.substr(0, kLongestName);
  }
  if (status.code == "CAPABILITY") {
    capabilities_ = {};
    capabilities_hold_ = !status.tag.empty() && status.condition == Condition::ok;
    std::string_view atoms = status.arguments;
    while (!atoms.empty()) {
      const auto space = atoms.find(' ');
      add_capability(atoms.substr(0, space));
      atoms.remove_prefix(space == std::string_view::npos ? atoms.size() : space + 1);
    }
  }
  if (status.code == "NOTIFICATIONOVERFLOW" && notifying_) {
    // The server goes on as if it had never been asked (RFC 5465 section 5.8).
    notifying_ = false;
    updates_.overflow = true;
  }
}

void Session::add_capability(std::string_view atom) {
  const auto& limits = connection_.settings().limits;
  const bool fits =
      atom.size() <= limits.capability && capabilities_.atoms().size() < limits.capabilities;
  if (fits) capabilities_.add(atom);
}

void Session::note_watched(const StatusRow& row) {
  const auto most = connection_.settings().limits.mailboxes;
  const auto name = MailboxNames::from_notification(row.name);
  if (updates_.statuses.size() >= most && !updates_.statuses.contains(name)) {
    updates_.overflow = true;
    return;
  }
  // Each event brings only the items that it has changed.
  auto& known = updates_.statuses[name];
  known.name = name;
  const auto take = [](auto& old, const auto& now) {
    if (now) old = now;
  };
  take(known.messages, row.messages);
  take(known.unseen, row.unseen);
  take(known.uid_next, row.uid_next);
  take(known.uid_validity, row.uid_validity);
  take(known.highest_modseq, row.highest_modseq);
}

Updates Session::take_updates() {
  auto updates = std::exchange(updates_, {});
  updates.session = id_;
  auto news = open_.take_all();
  updates.mailboxes = std::move(news.mailboxes);
  updates.overflow = updates.overflow || news.overflow;
  return updates;
}

}  // namespace imap
