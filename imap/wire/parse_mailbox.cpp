#include "imap/base/ascii.h"
#include "imap/wire/parse.h"

#include <algorithm>
#include <limits>

namespace imap {
namespace {

/// `"/"`, NIL, or an empty string, which means the same.
std::optional<char> parse_delimiter(Lexer& lexer) {
  const auto text = lexer.expect_nstring();
  if (!text || text->empty()) return std::nullopt;
  return text->front();
}

/// A mailbox name that ends the line. Unquoted names with spaces are sent by Exchange: the rest of
/// the line is the name. NIL is a mailbox that is called NIL.
std::string parse_last_name(Lexer& lexer) {
  if (lexer.peek() == '"' || lexer.peek() == '{') return lexer.expect_string();
  auto name = lexer.rest();
  while (name.ends_with(' ')) name.remove_suffix(1);  // a name that ends with one would be quoted
  return std::string(name);
}

/// Where the parenthesised list that ends `text` begins.
std::size_t begin_of_last_list(std::string_view text) {
  std::size_t open = 0;
  for (std::size_t at = text.size(); at > 0; --at) {
    if (text[at - 1] == ')') ++open;
    if (text[at - 1] == '(' && (open == 0 || --open == 0)) return at - 1;
  }
  return std::string_view::npos;
}

void check_name(const Lexer& lexer, std::string_view name) {
  if (name.size() > lexer.limits().name) lexer.fail("a shorter name");
}

std::optional<std::uint32_t> narrow(std::uint64_t number) {
  if (number > 0xFFFF'FFFFU) return std::nullopt;
  return static_cast<std::uint32_t>(number);
}

void skip_namespace_extension(Lexer& lexer) {
  lexer.skip_spaces();
  while (!lexer.at_end() && lexer.peek() != ')') {
    lexer.skip_value();
    lexer.skip_spaces();
  }
}

}  // namespace

std::string parse_object_id(Lexer& lexer) {
  auto id = lexer.rest();
  if (id.starts_with('(')) id.remove_prefix(1);
  id = id.substr(0, id.find_first_of("() "));
  lexer.skip_value();
  // RFC 8474 allows 255 octets.
  if (id.size() > lexer.limits().object_id) lexer.fail("a shorter object id");
  const bool valid = std::ranges::all_of(id, [](char c) {
    return (c >= '0' && c <= '9') || (ascii_upper(c) >= 'A' && ascii_upper(c) <= 'Z') || c == '_' ||
           c == '-';
  });
  return valid && !equal_ignoring_case(id, "NIL") ? std::string(id) : std::string();
}

ListRow parse_list(Lexer& lexer) {
  ListRow row;
  lexer.expect_char('(');
  lexer.skip_spaces();
  while (!lexer.try_char(')')) {
    auto attribute = lexer.expect_string();
    if (const auto use = special_use_of(attribute); use && !row.use) row.use = use;
    if (equal_ignoring_case(attribute, "\\Subscribed")) row.subscribed = true;
    row.attributes.push_back(std::move(attribute));
    if (row.attributes.size() > lexer.limits().attributes) lexer.fail("fewer attributes");
    lexer.skip_spaces();
    if (lexer.at_end()) lexer.fail("')'");
  }
  lexer.skip_spaces();
  row.delimiter = parse_delimiter(lexer);
  lexer.skip_spaces();
  row.name = parse_last_name(lexer);
  check_name(lexer, row.name);
  return row;
}

NamespaceRow parse_namespace(Lexer& lexer) {
  NamespaceRow row;
  if (!lexer.try_char('(')) return row;  // NIL
  lexer.skip_spaces();
  while (lexer.try_char('(')) {
    Namespace space;
    space.prefix = lexer.expect_string();
    check_name(lexer, space.prefix);
    lexer.skip_spaces();
    space.delimiter = parse_delimiter(lexer);
    skip_namespace_extension(lexer);
    lexer.expect_char(')');
    lexer.skip_spaces();
    row.personal.push_back(std::move(space));
    if (row.personal.size() > lexer.limits().namespaces) lexer.fail("fewer namespaces");
  }
  lexer.expect_char(')');
  return row;
}

StatusRow parse_status_row(Lexer& lexer) {
  StatusRow row;
  if (lexer.peek() == '"' || lexer.peek() == '{') {
    row.name = lexer.expect_string();
  } else {
    // Unquoted names with spaces (gromox): the list is what ends the line.
    const auto left = lexer.rest();
    const auto list = begin_of_last_list(left);
    if (list == std::string_view::npos) lexer.fail("'('");
    auto name = left.substr(0, list);
    for (std::size_t i = 0; i < list; ++i) lexer.expect_char(left[i]);
    while (name.ends_with(' ')) name.remove_suffix(1);
    row.name = name;
  }
  check_name(lexer, row.name);
  lexer.skip_spaces();
  lexer.expect_char('(');
  lexer.skip_spaces();
  while (!lexer.try_char(')')) {
    const auto item = to_upper(lexer.expect_atom());
    lexer.skip_spaces();
    if (item == "MAILBOXID") {
      row.mailbox_id = parse_object_id(lexer);
      lexer.skip_spaces();
      continue;
    }
    const auto number = lexer.try_number();
    if (!number) {
      lexer.skip_value();  // APPENDLIMIT NIL, or a bad number
    } else if (item == "MESSAGES") {
      row.messages = narrow(*number);
    } else if (item == "UNSEEN") {
      row.unseen = narrow(*number);
    } else if (item == "UIDNEXT") {
      row.uid_next = narrow(*number);
    } else if (item == "UIDVALIDITY") {
      row.uid_validity = *number;
    } else if (item == "HIGHESTMODSEQ") {
      row.highest_modseq = *number;
    } else if (item == "SIZE") {
      row.size = *number;
    } else if (item == "APPENDLIMIT") {
      row.append_limit = *number;
    }
    lexer.skip_spaces();
    if (lexer.at_end()) lexer.fail("')'");
  }
  return row;
}

QuotaRow parse_quota(Lexer& lexer) {
  constexpr std::uint64_t kUnit = 1024;
  constexpr auto kMost = std::numeric_limits<std::uint64_t>::max();
  const auto octets = [](std::uint64_t units) {
    return units > kMost / kUnit ? kMost : units * kUnit;
  };
  QuotaRow row;
  row.root = lexer.expect_string();
  check_name(lexer, row.root);
  lexer.skip_spaces();
  lexer.expect_char('(');
  lexer.skip_spaces();
  while (!lexer.try_char(')')) {
    const auto resource = to_upper(lexer.expect_atom());
    lexer.skip_spaces();
    const auto used = lexer.expect_number();
    lexer.skip_spaces();
    const auto limit = lexer.expect_number();
    if (resource == "STORAGE") row.storage = {octets(used), octets(limit)};
    if (resource == "MESSAGE") row.messages = {used, limit};
    lexer.skip_spaces();
    if (lexer.at_end()) lexer.fail("')'");
  }
  return row;
}

}  // namespace imap
