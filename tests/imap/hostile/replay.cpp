#include "tests/imap/hostile/replay.h"

#include <algorithm>
#include <cctype>
#include <utility>

namespace tests {
namespace {

/// The tag at the beginning of a line: three letters and a number. Empty when there is none.
std::string_view leading_tag(std::string_view line) {
  constexpr std::size_t kLetters = 3;
  const auto tag = line.substr(0, line.find(' '));
  if (tag.size() <= kLetters || tag.size() == line.size()) return {};
  const auto is = [tag](std::size_t from, std::size_t count, int (*kind)(int)) {
    return std::ranges::all_of(tag.substr(from, count),
                               [kind](char c) { return kind(static_cast<unsigned char>(c)) != 0; });
  };
  return is(0, kLetters, ::isupper) && is(kLetters, tag.size(), ::isdigit) ? tag
                                                                           : std::string_view();
}

std::string with_tag(std::string_view text, const std::string& tag) {
  std::string filled;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool begins = i == 0 || text[i - 1] == '\n';
    const auto next = i + 1 < text.size() ? text[i + 1] : '\0';
    const bool quoted = i > 0 && text[i - 1] == '"' && next == '"';
    if (text[i] == '$' && ((begins && next == ' ') || quoted)) {
      filled += tag;
    } else {
      filled += text[i];
    }
  }
  return filled;
}

}  // namespace

Recording past_login(const std::string& capabilities, const Recording& exchanges) {
  Recording all{{"", "* PREAUTH ready\r\n"},
                {"$ CAPABILITY", "* CAPABILITY " + capabilities + "\r\n$ OK\r\n"}};
  all.insert(all.end(), exchanges.begin(), exchanges.end());
  return all;
}

Replay::Replay(Recording recording, Fault fault, std::string* said)
    : recording_(std::move(recording)), fault_(std::move(fault)), all_(said) {
  say(recording_.front().answer);
  for_ever_ = recording_.front().for_ever;
}

std::size_t Replay::read(std::span<std::byte> into, imap::Deadline) {
  if (waiting_.empty() && !for_ever_.empty()) {
    while (waiting_.size() < into.size()) waiting_ += for_ever_;
  }
  const auto size = std::min(into.size(), waiting_.size() - at_);
  std::ranges::copy(std::as_bytes(std::span(waiting_)).subspan(at_, size), into.begin());
  at_ += size;
  if (at_ == waiting_.size()) {
    waiting_.clear();
    at_ = 0;
  }
  return size;
}

imap::Stream::Wait Replay::wait_readable(imap::Deadline, const imap::WakeFd&) {
  return waiting_.empty() && for_ever_.empty() ? Wait::timed_out : Wait::readable;
}

void Replay::write(std::span<const std::byte> bytes, imap::Deadline) {
  heard_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  for (auto end = heard_.find("\r\n"); end != std::string::npos; end = heard_.find("\r\n")) {
    auto line = heard_.substr(0, end);
    heard_.erase(0, end + 2);
    hear(std::move(line));
  }
}

void Replay::hear(std::string line) {
  const auto tag = leading_tag(line);
  const bool is_command = !tag.empty();
  if (is_command) {
    tag_ = tag;
    line.replace(0, tag_.size(), "$");
  }
  const auto left = std::span(recording_).subspan(next_);
  const auto found = std::ranges::find(left, line, &Exchange::command);
  if (found != left.end()) {
    next_ += static_cast<std::size_t>(found - left.begin()) + 1;
    say(with_tag(found->answer, tag_));
    for_ever_ = with_tag(found->for_ever, tag_);
  } else if (is_command) {
    say(tag_ + " BAD that was not recorded\r\n");
  }
}

void Replay::say(std::string octets) {
  if (ended_) return;
  if (all_ != nullptr) *all_ += octets;
  const auto begin = spoken_;
  spoken_ += octets.size();
  if (fault_.kind != Fault::Kind::none && fault_.at >= begin && fault_.at < spoken_) {
    const auto at = fault_.at - begin;
    if (fault_.kind == Fault::Kind::cut) octets.resize(at);
    if (fault_.kind == Fault::Kind::replace)
      octets.replace(at, fault_.octets.size(), fault_.octets);
    if (fault_.kind == Fault::Kind::insert) octets.insert(at, fault_.octets);
    ended_ = fault_.kind == Fault::Kind::cut;
  }
  waiting_ += octets;
}

}  // namespace tests
