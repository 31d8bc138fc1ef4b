#include "imap/base/ascii.h"
#include "imap/wire/parse.h"

namespace imap {
namespace {

std::optional<std::uint64_t> parse_origin(Lexer& lexer) {
  if (!lexer.try_char('<')) return std::nullopt;
  const auto origin = lexer.expect_number();
  // The origin alone is right (RFC 9051 7.5.2); some echo the whole `<o.n>`.
  static_cast<void>(lexer.until('>'));
  lexer.expect_char('>');
  return origin;
}

/// `BODY[section]<origin> value`; the lexer stands behind `[`.
BodySection parse_section(Lexer& lexer) {
  BodySection body;
  body.section = lexer.until(']');
  lexer.expect_char(']');
  body.origin = parse_origin(lexer);
  lexer.skip_spaces();
  body.streamed = lexer.try_streamed();
  if (body.streamed) return body;
  if (lexer.peek() == ')') return body;  // Yandex: `BODY[2]` and no value
  body.text = lexer.expect_nstring();
  return body;
}

/// The name of an item; for `BODY[...]` it ends before the bracket.
std::string parse_item_name(Lexer& lexer) {
  const auto left = lexer.rest();
  const auto end = left.find_first_of(" []()\"\r\n");
  const auto name = to_upper(left.substr(0, end));
  for (std::size_t i = 0; i < name.size(); ++i) lexer.expect_char(left[i]);
  return name;
}

std::optional<ModSeq> parse_modseq(Lexer& lexer) {
  const bool list = lexer.try_char('(');
  const bool negative = lexer.try_char('-');  // Zoho: -1 for none
  const auto number = lexer.expect_number();
  if (list) lexer.expect_char(')');
  if (negative || number == 0) return std::nullopt;
  return ModSeq{number};
}

std::optional<std::uint64_t> parse_size(Lexer& lexer) {
  if (const auto size = lexer.try_number()) return size;
  lexer.skip_value();  // NIL (IceWarp, old Proton Bridge) or negative
  return std::nullopt;
}

std::optional<Uid> parse_uid(Lexer& lexer) {
  const auto number = lexer.expect_number();
  if (number == 0 || number > kMaxUid.value) return std::nullopt;
  return Uid{static_cast<std::uint32_t>(number)};
}

std::vector<std::string> parse_labels(Lexer& lexer) {
  std::vector<std::string> labels;
  if (!lexer.try_char('(')) {
    lexer.skip_value();  // NIL
    return labels;
  }
  lexer.skip_spaces();
  while (!lexer.try_char(')')) {
    if (lexer.peek() == '(') {
      lexer.skip_value();
    } else {
      auto label = lexer.expect_string();
      const auto& limits = lexer.limits();
      const bool fits = labels.size() < limits.flags && label.size() <= limits.flag;
      if (fits) labels.push_back(std::move(label));
    }
    lexer.skip_spaces();
    if (lexer.at_end()) lexer.fail("')'");
  }
  return labels;
}

void parse_item(Lexer& lexer, FetchRow& row) {
  const auto name = parse_item_name(lexer);
  if (name.empty()) lexer.fail("an item of FETCH");
  if ((name == "BODY" || name == "BINARY") && lexer.try_char('[')) {
    row.sections.push_back(parse_section(lexer));
    return;
  }
  lexer.skip_spaces();
  if (name == "UID") {
    row.uid = parse_uid(lexer);
  } else if (name == "FLAGS") {
    row.flags = parse_flags(lexer);
  } else if (name == "RFC822.SIZE") {
    row.size = parse_size(lexer);
  } else if (name == "INTERNALDATE") {
    row.internal_date = lexer.expect_nstring();
  } else if (name == "MODSEQ") {
    row.modseq = parse_modseq(lexer);
  } else if (name == "EMAILID") {
    row.email_id = parse_object_id(lexer);
  } else if (name == "X-GM-MSGID") {
    row.gmail_message = lexer.expect_number();
  } else if (name == "X-GM-THRID") {
    row.gmail_thread = lexer.expect_number();
  } else if (name == "X-GM-LABELS") {
    row.gmail_labels = parse_labels(lexer);
  } else if (name == "RFC822") {
    BodySection whole;
    whole.streamed = lexer.try_streamed();
    if (!whole.streamed) whole.text = lexer.expect_nstring();
    row.sections.push_back(std::move(whole));
  } else {
    lexer.skip_value();
  }
}

}  // namespace

FetchRow parse_fetch(Lexer& lexer, Seq seq) {
  FetchRow row;
  row.seq = seq;
  lexer.expect_char('(');
  lexer.skip_spaces();
  while (!lexer.try_char(')')) {
    parse_item(lexer, row);
    if (row.sections.size() > lexer.limits().list_items) lexer.fail("fewer sections");
    lexer.skip_spaces();
    // Domino ends a literal with a CRLF of its own before the parenthesis.
    while (lexer.peek() == '\r' || lexer.peek() == '\n') lexer.expect_char(lexer.peek());
    lexer.skip_spaces();
    if (lexer.at_end()) lexer.fail("')'");
  }
  return row;
}

}  // namespace imap
