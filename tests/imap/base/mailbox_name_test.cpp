#include "imap/base/mailbox_name.h"

#include "imap/base/utf8.h"
#include "tests/support/catch.h"

#include <random>
#include <stdexcept>

namespace {

using imap::decode_modified_utf7;
using imap::encode_modified_utf7;

/// A text of up to 20 characters, drawn from short ranges so that neighbours of every kind occur.
std::string random_text(std::mt19937& random) {
  std::string text;
  const auto between = [&random](char32_t first, char32_t last) {
    return static_cast<char32_t>(std::uniform_int_distribution<std::uint32_t>(first, last)(random));
  };
  const auto length = random() % 20;
  for (unsigned i = 0; i < length; ++i) {
    switch (random() % 5) {
      case 0:
        imap::append_utf8(text, between(0x20, 0x7E));
        break;
      case 1:
        imap::append_utf8(text, between(0, 0x7FF));
        break;
      case 2:
        imap::append_utf8(text, between(0x800, 0xD7FF));
        break;
      case 3:
        imap::append_utf8(text, between(0x10000, 0x10FFFF));
        break;
      default:
        text += "&-,"[random() % 3];
    }
  }
  return text;
}

}  // namespace

TEST_CASE("the examples of RFC 3501 decode and encode", "[imap][mailbox_name]") {
  const std::pair<std::string, std::string> examples[] = {
      {"~peter/mail/&U,BTFw-/&ZeVnLIqe-", "~peter/mail/\u53f0\u5317/\u65e5\u672c\u8a9e"},
      {"&Jjo-!", "\u263a!"},
      {"&U,BTF2XlZyyKng-", "\u53f0\u5317\u65e5\u672c\u8a9e"},
  };
  for (const auto& [wire, text] : examples) {
    CHECK(decode_modified_utf7(wire) == text);
    CHECK(encode_modified_utf7(text) == wire);
  }
}

TEST_CASE("names of real mailboxes decode and encode", "[imap][mailbox_name]") {
  const std::pair<std::string, std::string> examples[] = {
      {"", ""},
      {"INBOX", "INBOX"},
      {"R&-D", "R&D"},
      {"&-", "&"},
      {"&-&-", "&&"},
      {"Entw&APw-rfe", "Entw\u00fcrfe"},
      {"Gel&APY-schte Objekte", "Gel\u00f6schte Objekte"},
      {"&BB4EQgQ,BEAEMAQyBDsENQQ9BD0ESwQ1-",
       "\u041e\u0442\u043f\u0440\u0430\u0432\u043b\u0435\u043d\u043d\u044b\u0435"},
      {"&2D3eAA-", "\U0001F600"},
      {"Da&AAk-Oggetto", "Da\tOggetto"},
      {"&AAA-", std::string(1, '\0')},
      {"&AH8-", "\x7F"},
      {"100% [x] {y} \\ \" * ~", "100% [x] {y} \\ \" * ~"},
  };
  for (const auto& [wire, text] : examples) {
    INFO(wire);
    CHECK(decode_modified_utf7(wire) == text);
    CHECK(encode_modified_utf7(text) == wire);
  }
}

TEST_CASE("only the canonical encoding decodes", "[imap][mailbox_name]") {
  for (const std::string_view bad : {
           "&",                // a shift without an end
           "a&",               //
           "&Jjo",             //
           "&Jjo!",            // ended by something else than `-`
           "R&D",              //
           "&Jjo-&Jjo-",       // two shifts in a row (RFC 3501: superfluous)
           "&AGE-",            // printable ASCII inside
           "&AOkAYQ-",         //
           "&ACY-",            // an encoded ampersand
           "&Jjp-",            // padding bits that are not zero
           "&JjoA-",           // a whole digit left over
           "&J-",              // less than a character
           "&Jj-",             //
           "&Jjo=-",           // base64 padding
           "&U/BTFw-",         // `/` is not in this alphabet
           "&Jj o-",           //
           "&2D0-",            // high surrogate alone
           "&3gA-",            // low surrogate alone
           "&3gDYPQ-",         // surrogates the wrong way round
           "&2D3YPd4A-",       // two high surrogates
           "&2D0AYQ-",         // high surrogate, then a letter
           "a\tb",             // controls have to be encoded
           "a\x7F",            //
           "Entw\xFCrfe",      // octets of Latin-1
           "Entw\xC3\xBCrfe",  // octets of UTF-8
           "&\xC3\xBC-",       //
       }) {
    INFO(bad);
    CHECK_FALSE(decode_modified_utf7(bad).has_value());
  }
  CHECK_FALSE(decode_modified_utf7(std::string_view("a\0b", 3)).has_value());
}

TEST_CASE("what is not UTF-8 is never sent as a mailbox name", "[imap][mailbox_name]") {
  CHECK_THROWS_AS(encode_modified_utf7("a\xFF"), std::invalid_argument);
  CHECK_THROWS_AS(encode_modified_utf7("\xED\xA0\xBD"), std::invalid_argument);
  CHECK_THROWS_AS(encode_modified_utf7("\u00e9\xC3"), std::invalid_argument);
}

TEST_CASE("any text survives the wire", "[imap][mailbox_name]") {
  std::mt19937 random(3501);
  for (int round = 0; round < 5000; ++round) {
    const auto text = random_text(random);
    INFO(text);
    REQUIRE(decode_modified_utf7(encode_modified_utf7(text)) == text);
  }
}

TEST_CASE("whatever decodes encodes to the same octets", "[imap][mailbox_name]") {
  constexpr std::string_view octets = "&&&&----AEJgUYPQjo2D3eA,+/= ab~\x7F\xC3";
  std::mt19937 random(2152);
  int decoded = 0;
  for (int round = 0; round < 100'000; ++round) {
    std::string wire(random() % 8, '\0');
    for (auto& octet : wire) octet = octets[random() % octets.size()];
    const auto text = decode_modified_utf7(wire);
    if (!text) continue;
    ++decoded;
    INFO(wire);
    REQUIRE(imap::is_utf8(*text));
    REQUIRE(encode_modified_utf7(*text) == wire);
  }
  CHECK(decoded > 1000);
}

TEST_CASE("INBOX is INBOX in any case", "[imap][mailbox_name]") {
  for (const auto* inbox : {"INBOX", "Inbox", "inbox", "iNbOx"}) CHECK(imap::is_inbox(inbox));
  for (const auto* other : {"", "INBO", "INBOXX", "INBOX/", " INBOX", "\xC4\xB0NBOX"}) {
    CHECK_FALSE(imap::is_inbox(other));
  }
}
