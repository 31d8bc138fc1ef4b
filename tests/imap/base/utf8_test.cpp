#include "imap/base/utf8.h"

#include "tests/support/catch.h"

#include <random>
#include <vector>

namespace {

using imap::cut_utf8;
using imap::first_utf8;
using imap::is_utf8;
using imap::one_line;
using imap::Utf8Unit;

}  // namespace

TEST_CASE("UTF-8 is read one character or one bad octet at a time", "[imap][utf8]") {
  CHECK(first_utf8("") == Utf8Unit{});
  CHECK(first_utf8("a") == Utf8Unit{U'a', 1});
  CHECK(first_utf8("\u00e9x") == Utf8Unit{U'\u00e9', 2});
  CHECK(first_utf8("\u20acx") == Utf8Unit{U'\u20ac', 3});
  CHECK(first_utf8("\U0001F600") == Utf8Unit{U'\U0001F600', 4});
  CHECK(first_utf8("\U0010FFFF") == Utf8Unit{U'\U0010FFFF', 4});
  CHECK(first_utf8("\xC3") == Utf8Unit{std::nullopt, 1});
}

TEST_CASE("what only resembles UTF-8 is refused", "[imap][utf8]") {
  for (const auto* bad : {
           "\x80",
           "\xC0\x80",
           "\xC1\xBF",
           "\xC3",
           "\xC3(",
           "\xE0\x80\x80",
           "\xE0\x9F\xBF",
           "\xE2\x82",
           "\xED\xA0\x80",
           "\xED\xBF\xBF",
           "\xF0\x80\x80\x80",
           "\xF0\x9F\x98",
           "\xF4\x90\x80\x80",
           "\xF5\x80\x80\x80",
           "\xFF",
           "fine\xFE",
       }) {
    CHECK_FALSE(is_utf8(bad));
  }
  CHECK(is_utf8(""));
  CHECK(is_utf8(std::string_view("\0", 1)));
  CHECK(is_utf8("Gr\u00fc\u00dfe \U0001F600"));
}

TEST_CASE("every character is written as it is read", "[imap][utf8]") {
  std::size_t wrong = 0;
  for (char32_t character = 0; character <= 0x10FFFF; ++character) {
    if (character == 0xD800) character = 0xE000;
    std::string text;
    imap::append_utf8(text, character);
    if (first_utf8(text) != Utf8Unit{character, text.size()}) ++wrong;
  }
  CHECK(wrong == 0);
}

TEST_CASE("a cut never splits a character", "[imap][utf8]") {
  CHECK(cut_utf8("abc", 3) == "abc");
  CHECK(cut_utf8("abc", 2) == "ab");
  CHECK(cut_utf8("abc", 0).empty());
  CHECK(cut_utf8("a\u00e9", 2) == "a");
  CHECK(cut_utf8("a\u20acb", 3) == "a");
  CHECK(cut_utf8("a\u20acb", 4) == "a\u20ac");
  CHECK(cut_utf8("\U0001F600\U0001F600", 7) == "\U0001F600");
  // Continuation octets that belong to nothing are no character that could be split.
  CHECK(cut_utf8("\x80\x80\x80\x80\x80\x80", 5).size() == 5);
}

TEST_CASE("one line has no controls, no double spaces and only UTF-8", "[imap][utf8]") {
  CHECK(one_line("  a \t\r\n b  ") == "a b");
  CHECK(one_line(std::string_view("a\0b\x7F"
                                  "c\u0085d",
                                  8)) == "a b c d");
  CHECK(one_line("a\u2028b\u2029c") == "a b c");
  CHECK(one_line("a\xFF"
                 "b") == "a\uFFFDb");
  CHECK(one_line("\n\t ").empty());
  CHECK(one_line("\u05d0\u200f") == "\u05d0\u200f");
}

TEST_CASE("random octets become one line that stays as it is", "[imap][utf8]") {
  std::mt19937 random(20261123);
  for (int round = 0; round < 2000; ++round) {
    std::string octets(random() % 40, '\0');
    for (auto& octet : octets) octet = static_cast<char>(random());
    const auto line = one_line(octets);
    INFO(Catch::StringMaker<std::string>::convert(octets));
    REQUIRE(is_utf8(line));
    REQUIRE(one_line(line) == line);
    for (std::size_t size = 0; size <= line.size(); ++size) {
      REQUIRE(is_utf8(cut_utf8(line, size)));
      REQUIRE(cut_utf8(line, size).size() + 3 >= size);
    }
  }
}

TEST_CASE("format characters are those that reorder or hide text", "[imap][utf8]") {
  for (const char32_t hidden :
       {0xADU, 0x61CU, 0x200BU, 0x200DU, 0x202EU, 0x2066U, 0x2069U, 0xFEFFU, 0xE0041U}) {
    CHECK(imap::is_format(hidden));
  }
  for (const char32_t shown : {0x20U, 0x41U, 0x2010U, 0x2030U, 0x20ACU, 0xFFFDU, 0x1F600U}) {
    CHECK_FALSE(imap::is_format(shown));
  }
}
