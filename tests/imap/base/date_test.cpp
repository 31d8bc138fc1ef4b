#include "imap/base/date.h"

#include "tests/support/catch.h"

#include <stdexcept>
#include <string>
#include <utility>

using imap::parse_internal_date;

TEST_CASE("INTERNALDATE becomes seconds", "[imap][date]") {
  const std::pair<const char*, std::int64_t> dates[] = {
      {"01-Jan-1970 00:00:00 +0000", 0},
      {"17-Jul-1996 02:44:25 -0700", 837596665},
      {"23-Nov-2026 08:07:04 +0000", 1795421224},
      {"23-Nov-2026 08:07:04 +0530", 1795421224 - 19800},
      {"23-Nov-2026 08:07:04 -0330", 1795421224 + 12600},
      {"23-Nov-2026 08:07:04 -0000", 1795421224},
      {"29-Feb-2024 12:00:00 +0000", 1709208000},
      {"29-Feb-2000 00:00:00 +0000", 951782400},
      {"31-Dec-1969 23:59:59 +0000", -1},
      {"01-Jan-0001 00:00:00 +0000", -62135596800},
      {"31-Dec-9999 23:59:59 +0000", 253402300799},
      {"19-Jan-2038 03:14:08 +0000", 2147483648},
  };
  for (const auto& [text, seconds] : dates) {
    INFO(text);
    CHECK(parse_internal_date(text) == seconds);
  }
}

TEST_CASE("INTERNALDATE is read as servers write it", "[imap][date]") {
  for (const auto* text : {
           " 3-Nov-2026 08:07:04 +0000",    // the day padded as the grammar says
           "3-Nov-2026 08:07:04 +0000",     // not padded
           "  3-Nov-2026 08:07:04 +0000",   // padded twice (isync e70c300)
           "03-Nov-2026 08:07:04 +0000 ",   //
           "03-NOV-2026 08:07:04 +0000",    //
           "03-nov-2026 08:07:04 +0000",    //
           "03-Nov-2026  08:07:04  +0000",  //
           "03-Nov-2026 08:07:04",          // no zone
       }) {
    INFO(text);
    CHECK(parse_internal_date(text) == 1793693224);
  }
}

TEST_CASE("a leap second is the first second of the next minute", "[imap][date]") {
  CHECK(parse_internal_date("31-Dec-2016 23:59:60 +0000") == 1483228800);
  CHECK(parse_internal_date("01-Jan-2017 00:00:00 +0000") == 1483228800);
}

TEST_CASE("a date that does not exist is no date", "[imap][date]") {
  for (const auto* text : {
           "00-Jan-0000 00:00:00 +0000",  // Domino
           "00-Jan-2026 00:00:00 +0000",
           "01-Jan-0000 00:00:00 +0000",
           "29-Feb-2023 00:00:00 +0000",
           "29-Feb-1900 00:00:00 +0000",
           "31-Apr-2026 00:00:00 +0000",
           "32-Jan-2026 00:00:00 +0000",
           "01-Foo-2026 00:00:00 +0000",
           "01-Jan-2026 24:00:00 +0000",
           "01-Jan-2026 00:60:00 +0000",
           "01-Jan-2026 00:00:61 +0000",
       }) {
    INFO(text);
    CHECK_FALSE(parse_internal_date(text).has_value());
  }
}

TEST_CASE("a text of another form is no date", "[imap][date]") {
  for (const auto* text : {
           "",
           " ",
           "-",
           "NIL",
           "01",
           "01-",
           "01-J",
           "01-Jan",
           "01-Jan-2026",
           "01-Jan-2026 ",
           "01-Jan-26 00:00:00 +0000",
           "01-Jan-02026 00:00:00 +0000",
           "001-Jan-2026 00:00:00 +0000",
           "1/1/2026 00:00:00 +0000",
           "01-01-2026 00:00:00 +0000",
           "01-Jan-2026T00:00:00 +0000",
           "01-Jan-2026 0:00:00 +0000",
           "01-Jan-2026 00:00 +0000",
           "01-Jan-2026 00:00:00 0000",
           "01-Jan-2026 00:00:00 +00",
           "01-Jan-2026 00:00:00 +00000",
           "01-Jan-2026 00:00:00 PST",
           "01-Jan-2026 00:00:00 +0000 x",
           "+1-Jan-2026 00:00:00 +0000",
           "01-Jan-2026 00:00:00 -",
           "01 Jan 2026 00:00:00 +0000",
           "99999999999999999999-Jan-2026 00:00:00 +0000",
       }) {
    INFO(text);
    CHECK_FALSE(parse_internal_date(text).has_value());
  }
  CHECK_FALSE(
      parse_internal_date(std::string_view("01-Jan-2026 00:00:00 +0000\0", 27)).has_value());
}

TEST_CASE("every beginning of a date is no date or the date without its zone", "[imap][date]") {
  const std::string text = "23-Nov-2026 08:07:04 +0530";
  for (std::size_t size = 0; size < text.size(); ++size) {
    INFO(text.substr(0, size));
    CHECK(parse_internal_date(text.substr(0, size)).has_value() == (size == 20 || size == 21));
  }
}

TEST_CASE("a date is written with a day of two places", "[imap][date]") {
  CHECK(imap::format_internal_date(0) == " 1-Jan-1970 00:00:00 +0000");
  CHECK(imap::format_internal_date(-1) == "31-Dec-1969 23:59:59 +0000");
  CHECK(imap::format_internal_date(253'402'300'799) == "31-Dec-9999 23:59:59 +0000");
  CHECK_THROWS_AS(imap::format_internal_date(253'402'300'800), std::invalid_argument);
  CHECK_THROWS_AS(imap::format_internal_date(INT64_MIN), std::invalid_argument);
  CHECK_THROWS_AS(imap::format_internal_date(INT64_MAX), std::invalid_argument);
}
