#include "fs/mail/flags_edit.h"

#include "imap/base/ascii.h"

#include <algorithm>
#include <string>
#include <vector>

namespace fs {

bool has_keyword(const std::vector<std::string>& keywords, const std::string& keyword) {
  return std::ranges::any_of(keywords, [&keyword](const std::string& known) {
    return imap::equal_ignoring_case(known, keyword);
  });
}

namespace {

void take_off(std::vector<std::string>& keywords, const std::vector<std::string>& others) {
  std::erase_if(keywords, [&others](const auto& known) { return has_keyword(others, known); });
}

void put_on(std::vector<std::string>& keywords, const std::vector<std::string>& others) {
  for (const auto& other : others) {
    if (!has_keyword(keywords, other)) keywords.push_back(other);
  }
}

void add_to(imap::Flags& flags, const imap::Flags& others) {
  flags.bits |= others.bits;
  put_on(flags.keywords, others.keywords);
}

void take_from(imap::Flags& flags, const imap::Flags& others) {
  flags.bits &= ~others.bits;
  take_off(flags.keywords, others.keywords);
}

/// A keyword is an atom; of the system flags only those that can be set (RFC 9051 section 2.3.2).
bool is_flag(std::string_view name) {
  if (name.starts_with('\\')) {
    imap::Flags one;
    one.add(name);
    return one.bits != 0 && !one.has(imap::Flags::recent);
  }
  return !name.empty() && name.size() <= 255 && std::ranges::all_of(name, [](char c) {
    return c > ' ' && c < 0x7F && std::string_view("(){%*\"\\]").find(c) == std::string_view::npos;
  });
}

}  // namespace

void FlagsEdit::then(const FlagsEdit& next) {
  take_from(add, next.remove);
  take_from(remove, next.add);
  add_to(add, next.add);
  add_to(remove, next.remove);
}

void FlagsEdit::apply_to(cache::MessageRow& row) const {
  row.flags = (row.flags | add.bits) & ~remove.bits;
  take_off(row.keywords, remove.keywords);
  put_on(row.keywords, add.keywords);
}

std::optional<FlagsEdit> parse_flags(std::string_view text, const imap::Flags& now) {
  FlagsEdit edit;
  imap::Flags wanted;
  bool relative = false;
  bool absolute = false;
  while (!text.empty()) {
    auto word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(word.size() + 1, text.size()));
    if (word.empty()) continue;
    const char sign = word.front();
    const bool is_change = sign == '+' || sign == '-';
    (is_change ? relative : absolute) = true;
    if (is_change) word.remove_prefix(1);
    if (!is_flag(word)) return std::nullopt;
    (sign == '+' ? edit.add : sign == '-' ? edit.remove : wanted).add(word);
  }
  if (relative && absolute) return std::nullopt;
  if (relative) return edit;
  edit.add = wanted;
  take_from(edit.add, now);
  edit.remove = now;
  edit.remove.bits &= ~std::uint32_t{imap::Flags::recent};
  take_from(edit.remove, wanted);
  return edit;
}

}  // namespace fs
