#include "imap/base/ascii.h"
#include "imap/wire/parse.h"

#include <algorithm>
#include <vector>

namespace imap {
namespace {

UidSet parse_set(Lexer& lexer) {
  const auto set = UidSet::parse(lexer.try_atom(), lexer.limits().uid_ranges);
  if (!set) lexer.fail("a UID set");
  return *set;
}

/// `(-1:-100 200:300,400)`, NIL for an empty range (RFC 9394 section 3.1).
UidSet parse_partial(Lexer& lexer) {
  lexer.expect_char('(');
  lexer.expect_atom();
  lexer.skip_spaces();
  UidSet uids;
  if (starts_ignoring_case(lexer.rest(), "NIL")) {
    lexer.skip_value();
  } else {
    uids = parse_set(lexer);
  }
  lexer.expect_char(')');
  return uids;
}

}  // namespace

SearchResult parse_search(Lexer& lexer) {
  // Sorted first: adding to a set in descending order is quadratic, and a server may do that to us.
  std::vector<Uid> found;
  lexer.skip_spaces();
  while (const auto number = lexer.try_number()) {
    if (*number <= kMaxUid.value) found.push_back(Uid{static_cast<std::uint32_t>(*number)});
    if (found.size() > lexer.limits().uid_ranges) lexer.fail("fewer UIDs");
    lexer.skip_spaces();
  }
  std::ranges::sort(found);
  SearchResult result;
  for (const auto uid : found) result.uids.add(uid);
  // What follows is `(MODSEQ n)` (RFC 7162 3.1.5).
  return result;
}

SearchResult parse_esearch(Lexer& lexer) {
  SearchResult result;
  lexer.skip_spaces();
  if (lexer.peek() == '(') lexer.skip_value();  // the tag; one command at a time searches
  lexer.skip_spaces();
  while (!lexer.at_end()) {
    const auto item = to_upper(lexer.expect_atom());
    lexer.skip_spaces();
    if (item == "ALL") {
      result.uids = parse_set(lexer);
    } else if (item == "PARTIAL") {
      result.uids.add(parse_partial(lexer));
    } else if (item == "COUNT") {
      result.count = lexer.expect_number();
    } else if (item != "UID") {
      lexer.skip_value();
    }
    lexer.skip_spaces();
  }
  return result;
}

Vanished parse_vanished(Lexer& lexer) {
  Vanished vanished{false, {}};
  if (lexer.peek() == '(') {
    lexer.skip_value();
    vanished.earlier = true;
    lexer.skip_spaces();
  }
  vanished.uids = parse_set(lexer);  // may be empty: James sends that
  return vanished;
}

}  // namespace imap
