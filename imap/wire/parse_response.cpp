#include "imap/wire/parse_response.h"

#include "imap/base/ascii.h"
#include "imap/base/errors.h"
#include "imap/wire/parse.h"

#include <array>
#include <utility>

namespace imap {
namespace {

std::optional<Condition> condition_of(std::string_view word) {
  static constexpr std::array<std::pair<std::string_view, Condition>, 5> kConditions{{
      {"OK", Condition::ok},
      {"NO", Condition::no},
      {"BAD", Condition::bad},
      {"BYE", Condition::bye},
      {"PREAUTH", Condition::preauth},
  }};
  for (const auto& [text, condition] : kConditions) {
    if (equal_ignoring_case(word, text)) return condition;
  }
  return std::nullopt;
}

/// The end of a response code that begins at `[`: quoted strings within it may hold brackets.
std::size_t end_of_code(std::string_view text) {
  bool quoted = false;
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (quoted && text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      quoted = !quoted;
    } else if (text[i] == ']' && !quoted) {
      return i;
    }
  }
  return text.size();
}

/// `[CODE arguments] text`, each part optional (Gmail sends a code without text).
void parse_status_text(std::string_view text, const Limits& limits, Status& status) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  if (text.starts_with('[')) {
    const auto end = end_of_code(text);
    const auto code = text.substr(1, end - 1);
    const auto space = code.find(' ');
    const auto name = code.substr(0, space);
    const bool has_sets =
        equal_ignoring_case(name, "COPYUID") || equal_ignoring_case(name, "MODIFIED");
    if (code.size() <= limits.response_code || has_sets) {
      status.code = to_upper(name);
      if (space != std::string_view::npos) status.arguments = code.substr(space + 1);
    }
    text.remove_prefix(std::min(end + 1, text.size()));
    while (text.starts_with(' ')) text.remove_prefix(1);
  }
  status.text = text;
}

Capabilities parse_capability(Lexer& lexer) {
  Capabilities capabilities;
  lexer.skip_spaces();
  for (auto atom = lexer.try_atom(); !atom.empty(); atom = lexer.try_atom()) {
    if (atom.size() <= lexer.limits().capability) capabilities.add(atom);
    if (capabilities.atoms().size() > lexer.limits().capabilities) lexer.fail("fewer capabilities");
    lexer.skip_spaces();
  }
  return capabilities;
}

Enabled parse_enabled(Lexer& lexer) {
  Enabled enabled;
  lexer.skip_spaces();
  for (auto atom = lexer.try_atom();
       !atom.empty() && enabled.names.size() < lexer.limits().capabilities;
       atom = lexer.try_atom()) {
    enabled.names.push_back(to_upper(atom));
    lexer.skip_spaces();
  }
  return enabled;
}

ServerId parse_id(Lexer& lexer) {
  ServerId id;
  if (!lexer.try_char('(')) return id;  // NIL
  lexer.skip_spaces();
  while (!lexer.at_end() && !lexer.try_char(')')) {
    if (!id.text.empty()) id.text += ' ';
    id.text += lexer.expect_string();
    lexer.skip_spaces();
  }
  return id;
}

std::uint32_t checked32(Lexer& lexer, std::uint64_t number) {
  if (number > 0xFFFF'FFFFU) lexer.fail("a number of at most 32 bits");
  return static_cast<std::uint32_t>(number);
}

Response parse_numbered(Lexer& lexer, std::uint64_t number) {
  const auto kind = lexer.expect_atom();
  lexer.skip_spaces();
  const auto count = checked32(lexer, number);
  if (equal_ignoring_case(kind, "EXISTS")) return Exists{count};
  if (equal_ignoring_case(kind, "EXPUNGE")) return Expunge{Seq{count}};
  if (equal_ignoring_case(kind, "FETCH")) return parse_fetch(lexer, Seq{count});
  if (equal_ignoring_case(kind, "UIDFETCH")) {
    auto row = parse_fetch(lexer, Seq{});
    if (count != 0) row.uid = Uid{count};
    return row;
  }
  return Ignored{};
}

Response parse_untagged(Lexer& lexer) {
  lexer.skip_spaces();
  if (lexer.peek() == '[') {
    // `* [COPYUID 1 2 3]` without OK: Exchange, home.pl, InterMail.
    Status status;
    parse_status_text(lexer.rest(), lexer.limits(), status);
    return status;
  }
  if (const auto number = lexer.try_number()) {
    lexer.skip_spaces();
    return parse_numbered(lexer, *number);
  }
  const auto kind = lexer.try_atom();
  if (const auto condition = condition_of(kind)) {
    Status status;
    status.condition = *condition;
    parse_status_text(lexer.rest(), lexer.limits(), status);
    return status;
  }
  const auto is = [kind](std::string_view name) {
    return equal_ignoring_case(kind, name);
  };
  lexer.skip_spaces();
  if (is("CAPABILITY")) return parse_capability(lexer);
  if (is("LIST") || is("XLIST")) return parse_list(lexer);
  if (is("LSUB")) return LsubRow{parse_list(lexer)};
  if (is("STATUS")) return parse_status_row(lexer);
  if (is("SEARCH")) return parse_search(lexer);
  if (is("ESEARCH")) return parse_esearch(lexer);
  if (is("NAMESPACE")) return parse_namespace(lexer);
  if (is("VANISHED")) return parse_vanished(lexer);
  if (is("FLAGS")) return FlagsRow{parse_flags(lexer)};
  if (is("ID")) return parse_id(lexer);
  if (is("QUOTA")) return parse_quota(lexer);
  if (is("ENABLED")) return parse_enabled(lexer);
  return Ignored{};
}

}  // namespace

Flags parse_flags(Lexer& lexer) {
  Flags flags;
  if (!lexer.try_char('(')) {
    static_cast<void>(lexer.expect_nstring());
    return flags;
  }
  lexer.skip_spaces();
  while (!lexer.try_char(')')) {
    const auto flag = lexer.expect_string();  // InterMail quotes them
    if (flag.size() <= lexer.limits().flag) flags.add(flag);
    if (flags.keywords.size() > lexer.limits().flags) flags.keywords.pop_back();
    lexer.skip_spaces();
    if (lexer.at_end()) lexer.fail("')'");
  }
  return flags;
}

Response parse_response(const Frame& frame, const Limits& limits) {
  Lexer lexer(frame, limits);
  while (lexer.try_char('\0')) {
  }
  if (lexer.try_char('+')) {
    lexer.skip_spaces();
    return Continuation{std::string(lexer.rest())};
  }
  if (lexer.try_char('*')) return parse_untagged(lexer);
  if (lexer.peek() == '[') {
    Status status;
    parse_status_text(lexer.rest(), lexer.limits(), status);
    return status;
  }
  Status status;
  status.tag = lexer.expect_atom();
  lexer.skip_spaces();
  const auto condition = condition_of(lexer.try_atom());
  if (!condition || *condition == Condition::preauth) lexer.fail("OK, NO or BAD");
  status.condition = *condition;
  parse_status_text(lexer.rest(), lexer.limits(), status);
  return status;
}

}  // namespace imap
