#include "fs/mail/plain_headers.h"

#include "fs/mail/headers.h"
#include "tests/support/catch.h"

#include <string>
#include <string_view>

using fs::plain_date;
using fs::plain_sender;

namespace {

/// As the parser for all forms reads it: second senders and comments are beyond the plain ones.
fs::MessageHeaders read_with_comment(std::string_view from, std::string_view date) {
  return fs::parse_headers("From: " + std::string(from) +
                           ", x@example.org\r\nDate: " + std::string(date) + " (x)\r\n\r\n");
}

}  // namespace

TEST_CASE("plain senders are read as the full parser reads them", "[fs][headers]") {
  for (const auto* text :
       {"alice@example.org", "Alice Weber <alice@example.org>", "<alice@example.org>",
        "\"Weber, Alice\" <alice@example.org>", "J\xC3\xBCrgen O'Neil <j.o+x@mail.example.org>",
        "\"Sales (Europe) & Co.\" <a_b-c@example.org>",
        "  Alice   Weber   <alice@example.org>  "}) {
    INFO(text);
    const auto plain = plain_sender(text);
    REQUIRE(plain);
    const auto full = read_with_comment(text, "");
    const auto quick = fs::parse_headers("From: " + std::string(text) + "\r\n\r\n");
    CHECK(quick.from_address == plain->address);
    CHECK(quick.from_address == full.from_address);
    CHECK(quick.from_name == full.from_name);
  }
}

TEST_CASE("what is not a plain sender is left to the full parser", "[fs][headers]") {
  for (const auto* text :
       {"", "Alice", "alice@", "@example.org", "a@b@c",
        "Alice <alice@example.org>, bob@example.org", "=?utf-8?q?Al?= <alice@example.org>",
        "\"A\\\"B\" <alice@example.org>", "Alice <>", "alice@example..org", ".alice@example.org",
        "Alice (work) <alice@example.org>", "undisclosed-recipients:;",
        "Alice <alice@example.org> (x)", "\" <alice@example.org>", "a\"b <alice@example.org>"}) {
    INFO(text);
    CHECK_FALSE(plain_sender(text));
  }
}

TEST_CASE("plain dates are read as the full parser reads them", "[fs][headers]") {
  for (const auto* text : {"Mon, 5 Feb 2024 10:00:00 +0000", "29 Feb 2024 23:59:59 -0930",
                           "Thu, 01 Jan 1970 00:00:00 +0000", "Fri, 31 Dec 1999 23:00:00 +1400"}) {
    INFO(text);
    REQUIRE(plain_date(text));
    CHECK(plain_date(text) == read_with_comment("", text).date_time);
  }
  CHECK(plain_date("Mon, 5 Feb 2024 10:00:00 +0130") == 1707121800);
}

TEST_CASE("what is not a plain date is left to the full parser", "[fs][headers]") {
  for (const auto* text :
       {"", "yesterday", "Mon, 5 Feb 24 10:00:00 +0000", "Mon, 30 Feb 2024 10:00:00 +0000",
        "Mon, 5 Feb 2024 10:00 +0000", "Mon, 5 Feb 2024 10:00:00 GMT",
        "Mon, 5 Feb 2024 24:00:00 +0000", "Mon, 5 Feb 2024 10:00:60 +0000",
        "Mon, 5 feb 2024 10:00:00 +0000", "Mon, 5 Feb 2024 10:00:00 +0000 (UTC)",
        "Mon, -5 Feb 2024 10:00:00 +0000", "Mon, 5 Feb 2024 10:00:00 +9900",
        "Mon, 5  Feb 2024 10:00:00 +0000"}) {
    INFO(text);
    CHECK_FALSE(plain_date(text));
  }
}
