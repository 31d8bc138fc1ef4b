// Taking in what the server says, asked or not: one path for every command.

#include "imap/base/errors.h"
#include "imap/session/session.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace imap {
namespace {

/// Octets that are kept of the greeting and of the server's id.
constexpr std::size_t kLongestName = 1024;
/// Mailboxes whose news nobody has taken.
constexpr std::size_t kMostUntaken = 64;

template <class Number>
Number number_of(std::string_view text) {
  Number number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

/// InterMail quotes flags: `"\\Deleted"`.
std::string_view unquoted(std::string_view name) {
  if (name.size() < 2 || !name.starts_with('"') || !name.ends_with('"')) return name;
  name = name.substr(1, name.size() - 2);
  if (name.starts_with("\\\\")) name.remove_prefix(1);
  return name;
}

/// `(\Seen \* keyword)` without the `\*`.
Flags listed_flags(std::string_view text, const Limits& limits) {
  Flags flags;
  while (!text.empty()) {
    const auto end = std::min(text.find_first_of(" ()"), text.size());
    const auto name = unquoted(text.substr(0, end));
    if (name != "\\*" && name.size() <= limits.flag) flags.add(name);
    if (flags.keywords.size() > limits.flags) flags.keywords.pop_back();
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return flags;
}

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
  } else if (const auto* status_row = std::get_if<StatusRow>(&response)) {
    if (notifying_ && !asking_mailboxes_) note_watched(*status_row);
  } else if (std::holds_alternative<ListRow>(response)) {
    if (notifying_ && !asking_mailboxes_) updates_.folders_changed = true;
  } else if (const auto* enabled = std::get_if<Enabled>(&response)) {
    // Some builds of Cyrus repeat it, even empty, during SELECT: nothing is turned off by that.
    for (const auto& name : enabled->names) {
      if (enabling_.contains(name)) enabled_.insert(name);
    }
  } else if (const auto* exists = std::get_if<Exists>(&response)) {
    if (!selected_) return;
    selected_->exists = exists->count;
    news_.exists_changed = true;
  } else if (std::holds_alternative<Expunge>(response)) {
    if (!selected_) return;
    if (selected_->exists > 0) --selected_->exists;
    ++news_.expunged;
  } else if (const auto* row = std::get_if<FetchRow>(&response)) {
    note_row(*row);
  } else if (const auto* flags = std::get_if<FlagsRow>(&response)) {
    if (selected_) selected_->flags = flags->flags;
  } else if (const auto* vanished = std::get_if<Vanished>(&response)) {
    if (selected_) note_vanished(vanished->uids);
    // Without EARLIER it stands for EXPUNGEs, and no EXISTS follows (RFC 7162 3.2.10.2).
    if (selected_ && !vanished->earlier) {
      const auto gone = std::min<std::uint64_t>(vanished->uids.size(), selected_->exists);
      selected_->exists -= static_cast<std::uint32_t>(gone);
    }
  }
}

void Session::note_status(const Status& status) {
  if (!status.tag.empty()) {
    const auto pending = pending_.find(status.tag);
    if (pending == pending_.end() || pending->second) {
      throw ProtocolError("the server answered a command that was not sent");
    }
    pending->second = status;
    throttle_.note(status);
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
  if (selected_) note_code(status);
  if (!status.tag.empty()) advance_modseq();
}

void Session::add_capability(std::string_view atom) {
  const auto& limits = connection_.settings().limits;
  const bool fits =
      atom.size() <= limits.capability && capabilities_.atoms().size() < limits.capabilities;
  if (fits) capabilities_.add(atom);
}

void Session::note_code(const Status& status) {
  if (status.code == "CLOSED") {
    // What came before belongs to the mailbox that was open (RFC 7162 3.2.11).
    keep_news(left_ ? std::exchange(left_, std::nullopt) : selected_);
    SelectedMailbox fresh;
    fresh.name = selected_->name;
    fresh.read_only = selected_->read_only;
    selected_ = std::move(fresh);
    told_modseq_.reset();
    seen_modseq_ = {};
  } else if (status.code == "READ-ONLY" || status.code == "READ-WRITE") {
    selected_->read_only = selected_->said_read_only = status.code == "READ-ONLY";
  } else if (status.code == "UIDVALIDITY") {
    const UidValidity told{number_of<std::uint64_t>(status.arguments)};
    // In mid-session: the UIDs that were named before it mean other messages from here on.
    const bool changed = selected_->uid_validity.value != 0 && selected_->uid_validity != told;
    if (changed && !left_) keep_news(selected_);
    selected_->uid_validity = told;
  } else if (status.code == "UIDNEXT") {
    selected_->uid_next.value = number_of<std::uint32_t>(status.arguments);
  } else if (status.code == "HIGHESTMODSEQ") {
    told_modseq_ = ModSeq{number_of<std::uint64_t>(status.arguments)};
  } else if (status.code == "NOMODSEQ") {
    told_modseq_ = ModSeq{};
  } else if (status.code == "PERMANENTFLAGS") {
    selected_->permanent_flags = listed_flags(status.arguments, connection_.settings().limits);
    selected_->any_keyword = status.arguments.find("\\*") != std::string::npos;
  } else if (status.code == "MAILBOXID") {
    selected_->mailbox_id = mailbox_id_in(status);
  } else if (status.code == "UIDNOTSTICKY") {
    selected_->sticky_uids = false;
  }
}

void Session::note_row(const FetchRow& row) {
  if (!selected_) return;
  if (row.modseq) seen_modseq_ = std::max(seen_modseq_, *row.modseq);
  // What was asked for comes with more than flags, or is taken by whoever asked.
  const bool asked = asked_flags_ != nullptr && row.uid && asked_flags_->contains(*row.uid);
  if (!row.flags || !row.sections.empty() || asked) return;
  const auto most = connection_.settings().limits.list_items;
  if (!row.uid || (news_.flags.size() >= most && !news_.flags.contains(*row.uid))) {
    news_.incomplete = true;
    return;
  }
  news_.flags.insert_or_assign(*row.uid, FlagUpdate{*row.flags, row.modseq.value_or(ModSeq{})});
}

void Session::note_vanished(const UidSet& uids) {
  const auto most = connection_.settings().limits.uid_ranges;
  if (news_.vanished.ranges().size() + uids.ranges().size() > most) {
    throw ProtocolError(fmt::format("more than {} ranges of UIDs vanished", most));
  }
  news_.vanished.add(uids);
}

void Session::note_watched(const StatusRow& row) {
  const auto most = connection_.settings().limits.mailboxes;
  if (updates_.statuses.size() >= most && !updates_.statuses.contains(row.name)) {
    updates_.overflow = true;
    return;
  }
  // Each event brings only the items that it has changed.
  auto& known = updates_.statuses[row.name];
  known.name = row.name;
  const auto take = [](auto& old, const auto& now) {
    if (now) old = now;
  };
  take(known.messages, row.messages);
  take(known.unseen, row.unseen);
  take(known.uid_next, row.uid_next);
  take(known.uid_validity, row.uid_validity);
  take(known.highest_modseq, row.highest_modseq);
}

/// Rows come in any order and VANISHED may lag behind: only a tagged answer says that all up to
/// somewhere has been said (RFC 7162 section 6).
void Session::advance_modseq() {
  if (!selected_) return;
  if (told_modseq_) {
    selected_->highest_modseq = *told_modseq_;
  } else if (selected_->highest_modseq.value != 0) {
    selected_->highest_modseq = std::max(selected_->highest_modseq, seen_modseq_);
  }
  told_modseq_.reset();
  seen_modseq_ = {};
}

void Session::keep_news(const std::optional<SelectedMailbox>& whose) {
  auto news = std::exchange(news_, {});
  if (!whose || news.empty()) return;
  if (updates_.mailboxes.size() >= kMostUntaken) {
    updates_.overflow = true;
    return;
  }
  auto rows = news.flags.size();
  for (const auto& one : updates_.mailboxes) rows += one.flags.size();
  if (rows > connection_.settings().limits.list_items) {
    news.flags.clear();
    news.incomplete = true;
  }
  news.mailbox = whose->name;
  news.uid_validity = whose->uid_validity;
  updates_.mailboxes.push_back(std::move(news));
}

Updates Session::take_updates() {
  keep_news(selected_);
  return std::exchange(updates_, {});
}

}  // namespace imap
