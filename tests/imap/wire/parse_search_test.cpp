#include "imap/base/errors.h"
#include "tests/support/catch.h"
#include "tests/support/frames.h"

#include <chrono>
#include <string>

using imap::SearchResult;
using imap::Vanished;
using tests::parse;
using tests::parse_as;

TEST_CASE("SEARCH gives UIDs in any order", "[imap][parse][search]") {
  CHECK(parse_as<SearchResult>("* SEARCH 9 2 3  4 ").uids.to_string() == "2:4,9");
  CHECK(parse_as<SearchResult>("* SEARCH").uids.empty());
  CHECK(parse_as<SearchResult>("* SEARCH ").uids.empty());
  CHECK(parse_as<SearchResult>("* SEARCH 2 5 (MODSEQ 917162500)").uids.to_string() == "2,5");
  CHECK(parse_as<SearchResult>("* SEARCH 0 1 4294967296 4294967295").uids.to_string() ==
        "1,4294967295");
}

TEST_CASE("ESEARCH gives a set and a count", "[imap][parse][search]") {
  const auto found =
      parse_as<SearchResult>("* ESEARCH (TAG \"A2\") UID COUNT 17 ALL 4:18,21,28 MIN 4 MODSEQ 9 ");
  CHECK(found.uids.to_string() == "4:18,21,28");
  CHECK(found.count == 17U);
  CHECK(parse_as<SearchResult>("* ESEARCH (TAG \"A2\") UID").uids.empty());
  CHECK(parse_as<SearchResult>("* esearch (tag {2}\r\nA2) uid all 3").uids.to_string() == "3");
  CHECK(parse_as<SearchResult>("* ESEARCH").uids.empty());
  CHECK_THROWS_AS(parse("* ESEARCH (TAG \"A2\") UID ALL 1:*"), imap::ProtocolError);
  CHECK_THROWS_AS(parse("* ESEARCH (TAG \"A2\") UID COUNT x"), imap::ProtocolError);
}

TEST_CASE("VANISHED may be empty, hold 0 and be of earlier", "[imap][parse][search]") {
  CHECK(parse_as<Vanished>("* VANISHED 0:1").uids.to_string() == "1");  // dovecot/core#162
  CHECK(parse_as<Vanished>("* VANISHED").uids.empty());                 // James
  CHECK_FALSE(parse_as<Vanished>("* VANISHED 300:310,405").earlier);
  const auto earlier = parse_as<Vanished>("* VANISHED (EARLIER) 1:4294967295");
  CHECK(earlier.earlier);
  CHECK(earlier.uids.ranges().size() == 1);
}

TEST_CASE("a search that finds more than the limit is malformed", "[imap][parse][limits]") {
  imap::Limits limits;
  limits.uid_ranges = 3;
  CHECK_NOTHROW(parse("* SEARCH 1 3 5", limits));
  CHECK_THROWS_AS(parse("* SEARCH 1 3 5 7", limits), imap::ProtocolError);
  CHECK_NOTHROW(parse("* ESEARCH ALL 1,3,5", limits));
  CHECK_THROWS_AS(parse("* ESEARCH ALL 1,3,5,7", limits), imap::ProtocolError);
  CHECK_THROWS_AS(parse("* VANISHED 1,3,5,7", limits), imap::ProtocolError);
}

TEST_CASE("UIDs in descending order take no longer than others", "[imap][parse][limits]") {
  // Half a million ranges put in front of each other would move 10^12 octets.
  std::string search = "* SEARCH";
  std::string extended = "* ESEARCH ALL ";
  for (int uid = 1'000'000; uid > 0; uid -= 2) {
    search += ' ' + std::to_string(uid);
    extended += std::to_string(uid) + ',';
  }
  const auto begin = std::chrono::steady_clock::now();
  CHECK(parse_as<SearchResult>(search).uids.size() == 500'000);
  CHECK(parse_as<SearchResult>(extended).uids.size() == 500'000);
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(10));
}
