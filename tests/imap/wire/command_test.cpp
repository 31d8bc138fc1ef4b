#include "imap/wire/command.h"

#include "imap/base/date.h"
#include "imap/base/errors.h"
#include "imap/wire/lexer.h"
#include "imap/wire/parse.h"
#include "tests/support/catch.h"
#include "tests/support/frames.h"

#include <random>
#include <stdexcept>
#include <string>
#include <vector>

using namespace std::string_literals;
using imap::Command;

namespace {

/// The command as the server gets it when every literal is let through.
std::string on_the_wire(const Command& command) {
  std::string octets;
  for (const auto& part : command.parts()) {
    if (part.literal) octets += "{" + std::to_string(part.octets.size()) + "}\r\n";
    octets += part.octets;
  }
  return octets;
}

}  // namespace

TEST_CASE("a string is quoted where quotes can hold it", "[imap][command]") {
  CHECK(on_the_wire(Command("EXAMINE").string("Sent Items")) == "EXAMINE \"Sent Items\"");
  CHECK(on_the_wire(Command("EXAMINE").string("")) == "EXAMINE \"\"");
  CHECK(on_the_wire(Command("EXAMINE").string("a\"b\\c")) == R"(EXAMINE "a\"b\\c")");
  CHECK(on_the_wire(Command("EXAMINE").string("{3}")) == "EXAMINE \"{3}\"");
}

TEST_CASE("a string that quotes cannot hold becomes a literal", "[imap][command]") {
  CHECK(on_the_wire(Command("X").string("a\r\nb LOGOUT")) == "X {11}\r\na\r\nb LOGOUT");
  CHECK(on_the_wire(Command("X").string("a\nb")) == "X {3}\r\na\nb");
  CHECK(on_the_wire(Command("X").string("\r")) == "X {1}\r\n\r");
  CHECK(on_the_wire(Command("X").string("caf\xe9").string("b")) == "X {4}\r\ncaf\xe9 \"b\"");
  CHECK(Command("X").string(std::string(1000, 'a')).parts().size() == 1);
  CHECK(Command("X").string(std::string(1001, 'a')).parts().back().literal);
}

TEST_CASE("a NUL is refused", "[imap][command]") {
  Command command("X");
  CHECK_THROWS_AS(command.string("a\0b"s), std::invalid_argument);
  CHECK_THROWS_AS(command.secret("\0"s), std::invalid_argument);
}

TEST_CASE("an empty set of UIDs is refused", "[imap][command]") {
  Command command("UID FETCH");
  CHECK_THROWS_AS(command.uids({}), std::invalid_argument);
  CHECK(on_the_wire(command.uids(imap::UidSet(imap::Uid{1}, imap::Uid{3})).raw("(UID)")) ==
        "UID FETCH 1:3 (UID)");
}

TEST_CASE("what a server reads is what was given", "[imap][command][property]") {
  std::mt19937 random(20261123);
  for (int round = 0; round < 3000; ++round) {
    INFO("round " << round);
    Command command("CMD");
    std::vector<std::string> given;
    for (auto count = random() % 5; count > 0; --count) {
      std::string text;
      const bool binary = random() % 2 == 0;
      for (auto length = random() % 12; length > 0; --length) {
        text +=
            binary ? static_cast<char>(1 + random() % 255) : "\"\\{}() \r\n1A+*%&~"s[random() % 16];
      }
      given.push_back(text);
      random() % 2 == 0 ? command.string(text) : command.secret(text);
    }
    const auto frame = tests::frame_of("* " + on_the_wire(command));
    const imap::Limits limits;
    imap::Lexer lexer(frame, limits);
    lexer.expect_char('*');
    lexer.expect_char(' ');
    CHECK(lexer.expect_atom() == "CMD");
    for (const auto& text : given) {
      lexer.expect_char(' ');
      REQUIRE(lexer.expect_nstring() == text);
    }
    CHECK(lexer.at_end());
  }
}

TEST_CASE("flags and dates read back as they were given", "[imap][command][property]") {
  std::mt19937 random(20261124);
  for (int round = 0; round < 2000; ++round) {
    INFO("round " << round);
    imap::Flags flags;
    flags.bits = random() % 32;
    for (auto count = random() % 4; count > 0; --count) {
      std::string keyword;
      for (auto length = 1 + random() % 8; length > 0; --length)
        keyword += "aZ$]9-_+.'~&<["[random() % 14];
      flags.add(keyword);
    }
    const auto date = -30'000'000'000 + static_cast<std::int64_t>(random()) * 60;
    Command command("CMD");
    command.flags(flags).date_time(date);
    const auto frame = tests::frame_of("* " + on_the_wire(command));
    const imap::Limits limits;
    imap::Lexer lexer(frame, limits);
    lexer.expect_char('*');
    lexer.expect_char(' ');
    lexer.expect_atom();
    lexer.expect_char(' ');
    REQUIRE(parse_flags(lexer) == flags);
    lexer.expect_char(' ');
    REQUIRE(imap::parse_internal_date(lexer.expect_string()) == date);
    CHECK(lexer.at_end());
  }
}

TEST_CASE("what cannot stand in a list of flags is refused", "[imap][command]") {
  for (const auto& keyword :
       {"two words"s, "a)b"s, "a\"b"s, "a\r\nb"s, "a*b"s, "caf\xe9"s, "a\0b"s, "\\a\\b"s}) {
    imap::Flags flags;
    flags.add(keyword);
    CHECK_THROWS_AS(Command("X").flags(flags), std::invalid_argument);
  }
  imap::Flags flags;
  flags.add("\\Recent");
  CHECK(on_the_wire(Command("X").flags(flags)) == "X ()");
}

TEST_CASE("secrets never show, literals only as their size", "[imap][command]") {
  Command command("LOGIN");
  command.secret("alice").secret("canary\xe9").string("ab\r\n").string("shown");
  CHECK(command.redacted() == "LOGIN *** *** {4 octets} \"shown\"");
}
