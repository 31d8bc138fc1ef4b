#include "tests/support/changing_server.h"

#include <algorithm>
#include <utility>

namespace tests {

using imap::SyncClass;
using imap::Uid;
using imap::UidSet;

namespace {

/// The number behind `name`; 0 where it does not stand.
std::uint64_t number_behind(const std::string& text, const std::string& name) {
  const auto at = text.find(name);
  return at == std::string::npos ? 0 : std::stoull(text.substr(at + name.size()));
}

}  // namespace

ChangingServer::ChangingServer(Traits traits) : traits_(traits) {
  accept();
}

void ChangingServer::accept() {
  waiting_ = "* PREAUTH hello\r\n";
  heard_.clear();
  view_.clear();
  told_ = modseq_;
}

void ChangingServer::append(std::uint32_t gap) {
  uid_next_ += gap;
  messages_[Uid{uid_next_++}] = {false, ++modseq_};
}

void ChangingServer::expunge(Uid uid) {
  if (messages_.erase(uid) > 0) tombstones_[uid] = ++modseq_;
}

void ChangingServer::toggle_seen(Uid uid) {
  auto& message = messages_.at(uid);
  message = {!message.seen, ++modseq_};
}

std::uint64_t ChangingServer::expunged_at(Uid uid) const {
  const auto found = tombstones_.find(uid);
  return found == tombstones_.end() ? 0 : found->second;
}

int ChangingServer::take_round_trips() {
  return std::exchange(round_trips_, 0);
}

std::size_t ChangingServer::read(std::span<std::byte> into, imap::Deadline) {
  const auto size = std::min(into.size(), waiting_.size());
  std::ranges::copy(std::as_bytes(std::span(waiting_)).first(size), into.begin());
  waiting_.erase(0, size);
  waited_ = true;
  return size;
}

imap::Stream::Wait ChangingServer::wait_readable(imap::Deadline, const imap::WakeFd&) {
  return waiting_.empty() ? Wait::timed_out : Wait::readable;
}

void ChangingServer::write(std::span<const std::byte> bytes, imap::Deadline) {
  if (std::exchange(waited_, false)) ++round_trips_;
  heard_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  for (auto end = heard_.find("\r\n"); end != std::string::npos; end = heard_.find("\r\n")) {
    const auto line = heard_.substr(0, end);
    heard_.erase(0, end + 2);
    hear(line);
  }
}

void ChangingServer::hear(const std::string& line) {
  const auto space = line.find(' ');
  const auto tag = line.substr(0, space);
  const auto command = line.substr(space + 1);
  if (meanwhile_) meanwhile_();
  if (command == "CAPABILITY") {
    waiting_ += "* CAPABILITY IMAP4rev1";
    if (traits_.esearch) waiting_ += " ESEARCH";
    if (has_modseqs()) waiting_ += " CONDSTORE";
    if (traits_.sync_class == SyncClass::qresync) waiting_ += " ENABLE QRESYNC";
    waiting_ += "\r\n";
  } else if (command.starts_with("ENABLE")) {
    waiting_ += "* ENABLED CONDSTORE QRESYNC\r\n";
  } else if (command.starts_with("EXAMINE")) {
    examine(command);
  } else if (command.starts_with("UID FETCH ")) {
    fetch(command.substr(10));
  } else if (command.starts_with("UID SEARCH ")) {
    search(command.substr(11));
  }
  if (command.starts_with("UID") || command == "NOOP") tell();
  waiting_ += tag + " OK done\r\n";
}

void ChangingServer::examine(const std::string& arguments) {
  view_.clear();
  for (const auto& [uid, message] : messages_) view_.push_back(uid);
  told_ = modseq_;
  const auto validity = std::to_string(uid_validity_);
  waiting_ += "* " + std::to_string(view_.size()) + " EXISTS\r\n";
  waiting_ += "* OK [UIDVALIDITY " + validity + "]\r\n";
  if (traits_.says_uid_next) waiting_ += "* OK [UIDNEXT " + std::to_string(uid_next_) + "]\r\n";
  if (has_modseqs()) waiting_ += "* OK [HIGHESTMODSEQ " + std::to_string(modseq_) + "]\r\n";
  const auto since = number_behind(arguments, "(QRESYNC (" + validity + ' ');
  if (since == 0) return;
  say_vanished(since);
  for (const auto uid : view_) {
    if (messages_.at(uid).modseq > since) say_row(uid, "");
  }
}

void ChangingServer::fetch(const std::string& arguments) {
  const auto wanted = set_in(arguments.substr(0, arguments.find(' ')));
  const auto since = number_behind(arguments, "CHANGEDSINCE ");
  const bool described = arguments.find("BODY.PEEK") != std::string::npos;
  if (arguments.find("VANISHED)") != std::string::npos) say_vanished(since);
  for (const auto uid : view_) {
    const auto message = messages_.find(uid);
    if (message == messages_.end() || !wanted.contains(uid) || message->second.modseq <= since) {
      continue;
    }
    say_row(uid, described ? " RFC822.SIZE " + std::to_string(size_of(uid)) +
                                 " BODY[HEADER.FIELDS (SUBJECT)] \"\""
                           : "");
  }
}

void ChangingServer::search(const std::string& arguments) {
  const bool ranges = arguments.starts_with("RETURN (ALL)");
  const auto within = arguments.find("UID ");
  const auto wanted =
      within == std::string::npos ? imap::kAllUids : set_in(arguments.substr(within + 4));
  UidSet found;
  std::string each;
  for (const auto uid : view_) {
    if (!wanted.contains(uid) || !messages_.contains(uid)) continue;
    found.add(uid);
    each += ' ' + std::to_string(uid.value);
  }
  if (ranges) {
    waiting_ += "* ESEARCH UID" + (found.empty() ? "" : " ALL " + found.to_string()) + "\r\n";
  } else {
    waiting_ += "* SEARCH" + each + "\r\n";
  }
}

void ChangingServer::tell() {
  UidSet gone;
  for (auto at = view_.size(); at-- > 0;) {
    if (messages_.contains(view_[at])) continue;
    gone.add(view_[at]);
    view_.erase(view_.begin() + static_cast<std::ptrdiff_t>(at));
    if (traits_.sync_class != SyncClass::qresync) {
      waiting_ += "* " + std::to_string(at + 1) + " EXPUNGE\r\n";
    }
  }
  if (traits_.sync_class == SyncClass::qresync && !gone.empty()) {
    waiting_ += "* VANISHED " + gone.to_string() + "\r\n";
  }
  for (const auto uid : view_) {
    if (messages_.at(uid).modseq > told_) say_row(uid, "");
  }
  const auto before = view_.size();
  for (const auto& [uid, message] : messages_) {
    if (view_.empty() || uid > view_.back()) view_.push_back(uid);
  }
  if (view_.size() != before) waiting_ += "* " + std::to_string(view_.size()) + " EXISTS\r\n";
  told_ = modseq_;
}

void ChangingServer::say_row(Uid uid, const std::string& more) {
  const auto seq = std::ranges::lower_bound(view_, uid) - view_.begin() + 1;
  const auto& message = messages_.at(uid);
  waiting_ += "* " + std::to_string(seq) + " FETCH (UID " + std::to_string(uid.value) + " FLAGS (" +
              (message.seen ? "\\Seen" : "") + ")";
  if (has_modseqs()) waiting_ += " MODSEQ (" + std::to_string(message.modseq) + ")";
  waiting_ += more + ")\r\n";
}

void ChangingServer::say_vanished(std::uint64_t since) {
  UidSet gone;
  for (const auto& [uid, when] : tombstones_) {
    if (when > since) gone.add(uid);
  }
  if (gone.empty() || !traits_.keeps_tombstones) return;
  waiting_ += "* VANISHED (EARLIER) " + gone.to_string() + "\r\n";
}

/// `n:*` is at least the last message (RFC 9051 6.4.9).
UidSet ChangingServer::set_in(std::string text) const {
  const auto last = std::to_string(view_.empty() ? 1 : view_.back().value);
  if (const auto star = text.find('*'); star != std::string::npos) text.replace(star, 1, last);
  return UidSet::parse(text, 100'000).value();
}

}  // namespace tests
