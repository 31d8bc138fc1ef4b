#include "imap/session/open_mailbox.h"

#include "imap/base/errors.h"
#include "imap/wire/response_codes.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace imap {
namespace {

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

void OpenMailbox::begin(const std::string& name, bool read_only) {
  keep_news(state_);
  left_ = std::exchange(state_, SelectedMailbox{});
  state_->name = name;
  state_->read_only = read_only;
  state_->asked = Deadline::Clock::now();
  forget_modseqs();
}

void OpenMailbox::succeeded() {
  left_.reset();
  state_->modseq_when_opened = state_->highest_modseq;
  // The count is what was asked for, and no news.
  current_.exists_changed = false;
}

void OpenMailbox::failed() {
  state_.reset();
  // Without CLOSED what came is still that of the mailbox before.
  keep_news(std::exchange(left_, std::nullopt));
}

void OpenMailbox::close() {
  keep_news(state_);
  state_.reset();
}

void OpenMailbox::leave_behind() {
  if (left_) divide();
}

void OpenMailbox::note(const Response& response) {
  if (!state_) return;
  if (const auto* status = std::get_if<Status>(&response)) {
    note_status(*status);
  } else if (const auto* exists = std::get_if<Exists>(&response)) {
    note_exists(*exists);
  } else if (std::holds_alternative<Expunge>(response)) {
    note_expunge();
  } else if (const auto* row = std::get_if<FetchRow>(&response)) {
    note_row(*row);
  } else if (const auto* flags = std::get_if<FlagsRow>(&response)) {
    state_->flags = flags->flags;
  } else if (const auto* vanished = std::get_if<Vanished>(&response)) {
    note_vanished(*vanished);
  }
}

void OpenMailbox::note_status(const Status& status) {
  note_code(status);
  if (!status.tag.empty()) advance_modseq();
}

void OpenMailbox::note_code(const Status& status) {
  if (status.code == "CLOSED") {
    divide();
  } else if (status.code == "READ-ONLY" || status.code == "READ-WRITE") {
    state_->read_only = state_->said_read_only = status.code == "READ-ONLY";
  } else if (status.code == "UIDVALIDITY") {
    const UidValidity told{number_of<std::uint64_t>(status.arguments)};
    // In mid-session: the UIDs that were named before it mean other messages from here on.
    const bool changed = state_->uid_validity.value != 0 && state_->uid_validity != told;
    if (changed && !left_) keep_news(state_);
    state_->uid_validity = told;
  } else if (status.code == "UIDNEXT") {
    state_->uid_next.value = number_of<std::uint32_t>(status.arguments);
  } else if (status.code == "HIGHESTMODSEQ") {
    told_modseq_ = ModSeq{number_of<std::uint64_t>(status.arguments)};
  } else if (status.code == "NOMODSEQ") {
    told_modseq_ = ModSeq{};
  } else if (status.code == "PERMANENTFLAGS") {
    state_->permanent_flags = listed_flags(status.arguments, limits_);
    state_->any_keyword = status.arguments.find("\\*") != std::string::npos;
  } else if (status.code == "MAILBOXID") {
    state_->mailbox_id = mailbox_id_in(status);
  } else if (status.code == "UIDNOTSTICKY") {
    state_->sticky_uids = false;
  }
}

/// CLOSED: RFC 7162 3.2.11.
void OpenMailbox::divide() {
  keep_news(left_ ? std::exchange(left_, std::nullopt) : state_);
  SelectedMailbox fresh;
  fresh.name = state_->name;
  fresh.read_only = state_->read_only;
  fresh.asked = state_->asked;
  state_ = std::move(fresh);
  forget_modseqs();
}

void OpenMailbox::note_exists(const Exists& exists) {
  state_->exists = exists.count;
  current_.exists_changed = true;
}

void OpenMailbox::note_expunge() {
  if (state_->exists > 0) --state_->exists;
  ++current_.expunged;
}

void OpenMailbox::note_row(const FetchRow& row) {
  if (row.modseq) seen_modseq_ = std::max(seen_modseq_, *row.modseq);
  // What was asked for comes with more than flags, or is taken by whoever asked.
  const bool asked = expected_flags_ != nullptr && row.uid && expected_flags_->contains(*row.uid);
  if (!row.flags || !row.sections.empty() || asked) return;
  auto& flags = current_.flags;
  if (!row.uid || (flags.size() >= limits_.list_items && !flags.contains(*row.uid))) {
    current_.incomplete = true;
    return;
  }
  flags.insert_or_assign(*row.uid, FlagUpdate{*row.flags, row.modseq.value_or(ModSeq{})});
}

void OpenMailbox::note_vanished(const Vanished& vanished) {
  const auto ranges = current_.vanished.ranges().size() + vanished.uids.ranges().size();
  if (ranges > limits_.uid_ranges) {
    throw ProtocolError(fmt::format("more than {} ranges of UIDs vanished", limits_.uid_ranges));
  }
  current_.vanished.add(vanished.uids);
  if (vanished.earlier) return;
  // It stands for EXPUNGEs, and no EXISTS follows (RFC 7162 3.2.10.2).
  const auto gone = std::min<std::uint64_t>(vanished.uids.size(), state_->exists);
  state_->exists -= static_cast<std::uint32_t>(gone);
}

void OpenMailbox::forget_modseqs() {
  told_modseq_.reset();
  seen_modseq_ = {};
}

/// Rows come in any order and VANISHED may lag behind: only a tagged answer says that all up to
/// somewhere has been said (RFC 7162 section 6).
void OpenMailbox::advance_modseq() {
  if (told_modseq_) {
    state_->highest_modseq = *told_modseq_;
  } else if (state_->highest_modseq.value != 0) {
    state_->highest_modseq = std::max(state_->highest_modseq, seen_modseq_);
  }
  forget_modseqs();
}

void OpenMailbox::keep_news(const std::optional<SelectedMailbox>& whose) {
  auto news = std::exchange(current_, {});
  if (!whose || news.empty()) return;
  if (kept_.mailboxes.size() >= kMostUntaken) {
    kept_.overflow = true;
    return;
  }
  auto rows = news.flags.size();
  for (const auto& one : kept_.mailboxes) rows += one.flags.size();
  if (rows > limits_.list_items) {
    news.flags.clear();
    news.incomplete = true;
  }
  news.mailbox = whose->name;
  news.uid_validity = whose->uid_validity;
  kept_.mailboxes.push_back(std::move(news));
}

OpenMailbox::News OpenMailbox::take_all() {
  keep_news(state_);
  return std::exchange(kept_, {});
}

MailboxUpdates OpenMailbox::take_current() {
  auto news = std::exchange(current_, {});
  if (state_) {
    news.mailbox = state_->name;
    news.uid_validity = state_->uid_validity;
  }
  return news;
}

}  // namespace imap
