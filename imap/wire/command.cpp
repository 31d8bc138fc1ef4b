#include "imap/wire/command.h"

#include "imap/base/ascii.h"
#include "imap/base/date.h"
#include "imap/base/utf8.h"

#include <fmt/format.h>
#include <string.h>

#include <algorithm>
#include <stdexcept>

namespace imap {
namespace {

/// Servers limit the length of a line, and a quoted string is part of one.
constexpr std::size_t kLongestQuoted = 1000;

bool is_ascii(std::string_view octets) {
  return std::ranges::all_of(octets, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

bool fits_quoted(std::string_view octets) {
  return octets.size() <= kLongestQuoted && octets.find_first_of("\r\n") == std::string_view::npos;
}

/// ATOM-CHAR of RFC 3501, and `]`, which Gmail and Cyrus use in keywords.
bool is_atom(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return c > 0x20 && c < 0x7F && std::string_view("(){%*\"\\").find(c) == std::string_view::npos;
  });
}

std::string quoted(std::string_view octets) {
  std::string text = "\"";
  for (const char c : octets) {
    if (c == '"' || c == '\\') text += '\\';
    text += c;
  }
  return text += '"';
}

}  // namespace

Command::Part::~Part() {
  if (!secret) return;
  octets.resize(octets.capacity());  // a string that was moved from still holds its short text
  explicit_bzero(octets.data(), octets.size());
}

Command::Command(std::string_view text) {
  append(text);
}

void Command::append(std::string_view text) {
  if (parts_.empty() || parts_.back().literal || parts_.back().secret) {
    parts_.emplace_back(std::string(text), false, false);
  } else {
    parts_.back().octets += text;
  }
}

Command& Command::raw(std::string_view text) {
  append(" ");
  append(text);
  return *this;
}

void Command::add_string(std::string_view octets, Charset quotable, bool is_secret) {
  if (octets.find('\0') != std::string_view::npos) {
    throw std::invalid_argument("a NUL character cannot be sent");
  }
  append(" ");
  const bool clean = quotable == Charset::utf8 ? is_utf8(octets) : is_ascii(octets);
  if (!clean || !fits_quoted(octets)) {
    parts_.emplace_back(std::string(octets), true, is_secret);
  } else if (is_secret) {
    parts_.emplace_back(quoted(octets), false, true);
  } else {
    append(quoted(octets));
  }
}

Command& Command::string(std::string_view octets) {
  add_string(octets, Charset::ascii, false);
  return *this;
}

Command& Command::utf8_string(std::string_view octets) {
  add_string(octets, Charset::utf8, false);
  return *this;
}

Command& Command::secret(std::string_view octets) {
  add_string(octets, Charset::ascii, true);
  return *this;
}

Command& Command::uids(const UidSet& set) {
  if (set.empty()) throw std::invalid_argument("a command needs at least one UID");
  return raw(set.to_string());
}

Command& Command::flags(const Flags& flags) {
  std::string list;
  const auto add = [&list](std::string_view name) {
    if (!list.empty()) list += ' ';
    list += name;
  };
  for (const auto name : flags.names()) {
    if (equal_ignoring_case(name, "\\Recent")) continue;
    if (!is_atom(name.starts_with('\\') ? name.substr(1) : name)) {
      throw std::invalid_argument("a keyword must be one word of plain characters");
    }
    add(name);
  }
  return raw('(' + list + ')');
}

Command& Command::date_time(std::int64_t unix_seconds) {
  return raw('"' + format_internal_date(unix_seconds) + '"');
}

std::string Command::redacted() const {
  std::string text;
  for (const auto& part : parts_) {
    if (part.secret) {
      text += Secret::masked();
    } else if (part.literal) {
      text += fmt::format("{{{} octets}}", part.octets.size());
    } else {
      text += part.octets;
    }
  }
  return text;
}

}  // namespace imap
