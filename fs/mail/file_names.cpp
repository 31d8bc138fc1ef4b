#include "fs/mail/file_names.h"

#include "imap/base/utf8.h"

#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <charconv>
#include <stdexcept>

namespace fs {
namespace {

constexpr std::string_view kExtension = ".eml";
constexpr std::string_view kEnd = "{uid}.eml";
// A leading dot hides a file, a leading dash makes it an option of `rm *`.
constexpr std::string_view kNotFirst = ".- ";
constexpr std::size_t kDateBytes = 10;
constexpr std::size_t kUidBytes = 10;
constexpr std::size_t kLeastSubject = 32;

[[noreturn]] void refuse(const std::string& reason) {
  throw std::invalid_argument(reason);
}

/// `text` as it may stand in a file name.
std::string visible(std::string_view text) {
  auto line = imap::one_line(text);
  if (std::ranges::all_of(line, [](char c) { return static_cast<unsigned char>(c) < 0x80; })) {
    std::ranges::replace(line, '/', '-');
    return line;
  }
  std::string seen;
  for (std::string_view rest = line; !rest.empty();) {
    const auto unit = imap::first_utf8(rest);
    const auto character = unit.character.value_or(U'?');
    if (character == '/') {
      seen += '-';
    } else if (!imap::is_format(character)) {
      seen += rest.substr(0, unit.length);
    }
    rest.remove_prefix(unit.length);
  }
  // Spaces that stood around what was removed are side by side now.
  return imap::one_line(seen);
}

std::string or_else(std::string text, std::string_view otherwise) {
  return text.empty() ? std::string(otherwise) : std::move(text);
}

void drop_beginning(std::string& text) {
  text.erase(0, std::min(text.find_first_not_of(kNotFirst), text.size()));
}

void shorten(std::string& text, std::size_t max_bytes) {
  text.resize(imap::cut_utf8(text, max_bytes).size());
  while (text.ends_with(' ')) text.pop_back();
}

std::string date_of(std::int64_t time, DayOf day) {
  // Two days within the years of four digits, so that no time zone leads out of them.
  constexpr std::int64_t first = -62135596800 + 2 * 86400;
  constexpr std::int64_t last = 253402300799 - 2 * 86400;
  const time_t seconds = std::clamp(time, first, last);
  tm parts{};
  if (day == DayOf::utc) {
    gmtime_r(&seconds, &parts);
  } else {
    localtime_r(&seconds, &parts);
  }
  return fmt::format("{:04}-{:02}-{:02}", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday);
}

}  // namespace

NameTemplate::NameTemplate(std::string_view text, DayOf day) : day_(day) {
  if (text == "uid") text = kEnd;
  if (!text.ends_with(kEnd)) refuse("must end in {uid}.eml");
  text.remove_suffix(kEnd.size());
  if (!text.empty() && !text.ends_with('.')) refuse("{uid} must follow a dot or begin the name");
  if (!text.empty() && kNotFirst.find(text.front()) != std::string_view::npos) {
    refuse("must not begin with a dot, a dash or a space");
  }
  while (!text.empty()) {
    if (text.front() != '{') {
      const auto literal = text.substr(0, text.find('{'));
      add_literal(literal);
      text.remove_prefix(literal.size());
      continue;
    }
    const auto end = text.find('}');
    if (end == std::string_view::npos) refuse("a { has no }");
    add_placeholder(text.substr(0, end + 1));
    text.remove_prefix(end + 1);
  }
  if (literal_bytes_ > kMaxLiteral) {
    refuse(fmt::format("more than {} bytes outside placeholders", kMaxLiteral));
  }
}

void NameTemplate::add_literal(std::string_view literal) {
  if (literal.find('}') != std::string_view::npos) refuse("a } has no {");
  if (literal.find('/') != std::string_view::npos) refuse("a name cannot have a /");
  for (auto rest = literal; !rest.empty();) {
    const auto unit = imap::first_utf8(rest);
    if (!unit.character) refuse("not valid UTF-8");
    if (imap::is_control(*unit.character) || imap::is_format(*unit.character)) {
      refuse("has a control or invisible character");
    }
    rest.remove_prefix(unit.length);
  }
  literal_bytes_ += literal.size();
  pieces_.push_back({Kind::literal, std::string(literal)});
}

void NameTemplate::add_placeholder(std::string_view placeholder) {
  auto kind = Kind::literal;
  if (placeholder == "{date}") kind = Kind::date;
  if (placeholder == "{from}") kind = Kind::from;
  if (placeholder == "{subject}") kind = Kind::subject;
  if (placeholder == "{uid}") refuse("{uid} stands once, directly before .eml");
  if (kind == Kind::literal) refuse(fmt::format("unknown placeholder {}", placeholder));
  if (has(kind)) refuse(fmt::format("{} stands twice", placeholder));
  pieces_.push_back({kind, {}});
}

bool NameTemplate::has(Kind kind) const {
  return std::ranges::find(pieces_, kind, &Piece::kind) != pieces_.end();
}

std::string NameTemplate::name(const NameFields& fields) const {
  auto subject = has(Kind::subject) ? visible(fields.subject) : std::string();
  if (begins_with(Kind::subject)) drop_beginning(subject);
  if (has(Kind::subject)) subject = or_else(std::move(subject), "no subject");

  auto from = has(Kind::from) ? visible(fields.from_name) : std::string();
  if (begins_with(Kind::from)) drop_beginning(from);
  if (has(Kind::from) && from.empty()) {
    from = visible(fields.from_address);
    if (begins_with(Kind::from)) drop_beginning(from);
    from = or_else(std::move(from), "unknown");
  }

  const auto fixed = literal_bytes_ + kDateBytes + kUidBytes + kExtension.size();
  const auto room = kMaxName - fixed;
  const auto least = std::min(subject.size(), kLeastSubject);
  shorten(subject, std::max(least, room - std::min(from.size(), room)));
  shorten(from, room - subject.size());

  std::string name;
  for (const auto& piece : pieces_) {
    switch (piece.kind) {
      case Kind::literal:
        name += piece.literal;
        break;
      case Kind::date:
        name += date_of(fields.time, day_);
        break;
      case Kind::from:
        name += from;
        break;
      case Kind::subject:
        name += subject;
        break;
    }
  }
  return name + fmt::format("{}{}", fields.uid, kExtension);
}

std::optional<std::uint32_t> uid_of(std::string_view file_name) {
  if (!file_name.ends_with(kExtension)) return std::nullopt;
  file_name.remove_suffix(kExtension.size());
  const auto dot = file_name.rfind('.');
  const auto digits = dot == std::string_view::npos ? file_name : file_name.substr(dot + 1);
  if (digits.empty() || digits.front() < '1' || digits.front() > '9') return std::nullopt;
  std::uint32_t uid = 0;
  const auto* const end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, uid);
  if (error != std::errc{} || stop != end) return std::nullopt;
  return uid;
}

}  // namespace fs
