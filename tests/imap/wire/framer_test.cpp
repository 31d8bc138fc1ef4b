#include "imap/wire/framer.h"

#include "imap/base/errors.h"
#include "tests/support/catch.h"
#include "tests/support/frames.h"

#include <string>
#include <vector>

using namespace std::string_literals;
using tests::frame_all;
using tests::frame_halves;
using tests::Literals;
using tests::same;

namespace {

/// Octets and how many responses they are.
struct Fixture {
  std::string octets;
  std::size_t responses;
};

std::vector<Fixture> fixtures() {
  return {
      {"* OK IMAP4rev1 Service Ready\r\n", 1},
      {"* CAPABILITY IMAP4rev1 LITERAL+\r\nA1 OK done\r\n", 2},
      {"* OK only LF\n* 3 EXISTS\n", 2},
      {"+ go ahead\r\n+\r\n", 2},
      {"\r\n\n* 1 EXISTS\r\n", 1},
      {"* 1 FETCH (UID 7 BODY[] {5}\r\nhello FLAGS ())\r\n", 1},
      {"* 1 FETCH (UID 7 BODY[] {5+}\r\nhello)\r\n", 1},
      {"* 1 FETCH (UID 7 BINARY[] ~{5}\r\nh\0llo)\r\n"s, 1},
      {"* 1 FETCH (UID 7 BODY[] {0}\r\n)\r\n", 1},
      {"* 1 FETCH (BODY[1] {2}\r\nab BODY[2] {3}\r\n\r\n) UID 7)\r\n", 1},
      {"* 1 FETCH (UID 7 BODY[] {5}\nhello)\n", 1},
      {"* LIST () \"/\" {5}\r\nINBOX\r\n* 2 EXISTS\r\n", 2},
      {"* 1 FETCH (BODY[] {9}\r\n{3}\r\nA1 O)\r\nA1 OK\r\n", 2},
      {"* OK [BADCHARSET ({5}\r\nUTF-8)] sorry\r\nA1 OK\r\n", 2},
      {"* 1 FETCH (BODY[] {5}\r\nhello\r\n)\r\nA1 OK\r\n", 2},
      {"* 1 FETCH (BODY[] {5}\r\nhello\r\n* 2 EXISTS\r\n", 2},
      {"\0\0* 1 EXISTS\r\n\0\0\r\nA1 OK\r\n"s, 2},
      {"* OK a text may end like a literal {5}\r\nA1 NO so {1}\r\n+ {2}\r\n", 3},
  };
}

}  // namespace

TEST_CASE("responses are the same however the octets arrive", "[imap][framer]") {
  for (const auto& [octets, responses] : fixtures()) {
    INFO(octets);
    for (const auto literals : {Literals::keep, Literals::stream}) {
      const auto whole = frame_all(octets, octets.size(), literals);
      CHECK(whole.frames.size() == responses);
      CHECK(whole.between_responses);
      for (const std::size_t piece : {1U, 2U, 3U}) {
        const auto pieces = frame_all(octets, piece, literals);
        CHECK(same(pieces.frames, whole.frames));
        CHECK(pieces.streamed == whole.streamed);
      }
      for (std::size_t cut = 0; cut <= octets.size(); ++cut) {
        const auto halves = frame_halves(octets, cut, literals);
        CHECK(same(halves.frames, whole.frames));
        CHECK(halves.streamed == whole.streamed);
      }
    }
  }
}

TEST_CASE("no prefix of a response is a response", "[imap][framer]") {
  for (const auto& [octets, responses] : fixtures()) {
    if (responses != 1) continue;
    for (std::size_t cut = 0; cut < octets.size(); ++cut) {
      CHECK(frame_all(octets.substr(0, cut), 7).frames.empty());
    }
  }
}

TEST_CASE("a kept literal stands in the text, a streamed one only as its size", "[imap][framer]") {
  const std::string octets = "* 1 FETCH (UID 7 BODY[] {5}\r\nhello FLAGS ())\r\n";
  const auto kept = frame_all(octets, 64).frames.at(0);
  CHECK(kept.text == "* 1 FETCH (UID 7 BODY[] {5}\r\nhello FLAGS ())");
  REQUIRE(kept.literals.size() == 1);
  CHECK(kept.literals[0].position == 29);
  CHECK_FALSE(kept.has_streamed());

  const auto streamed = frame_all(octets, 64, Literals::stream);
  CHECK(streamed.frames.at(0).text == "* 1 FETCH (UID 7 BODY[] {5}\r\n FLAGS ())");
  CHECK(streamed.frames.at(0).has_streamed());
  CHECK(streamed.streamed == "hello");
}

TEST_CASE("only an open response code of a status line holds a literal", "[imap][framer]") {
  for (const auto* line :
       {"* OK human text {5}", "A1 NO human text {5}", "* BAD [CODE] text {5}", "* OK [CODE x] {5}",
        "+ text {5}", "*  OK two spaces {5}", "* ok lower case {5}", "* [CODE] no OK {5}",
        "* OK {5}", "* OK text [CODE {5}"}) {
    INFO(line);
    CHECK(frame_all(line + "\r\n"s, 100).frames.size() == 1);
  }
  const auto nul = "\0* OK a NUL ahead {5}\r\n"s;
  CHECK(frame_all(nul, 100).frames.size() == 1);
  CHECK(frame_all("* OK [X {3}\r\nabc] text that ends like one {5}\r\n", 100).frames.size() == 1);
  CHECK(frame_all("* OK [X ({3}\r\nabc {2}\r\nde)] text\r\n", 100).frames.size() == 1);
}

TEST_CASE("what only looks like a literal is text", "[imap][framer]") {
  for (const auto* line : {"* LIST () \"/\" {}", "* LIST () \"/\" {a}", "* LIST () \"/\" {-5}",
                           "* LIST () \"/\" {5-}", "* LIST () \"/\" {5} ", "* LIST () \"/\" 5}"}) {
    INFO(line);
    CHECK(frame_all(line + "\r\n"s, 100).frames.size() == 1);
  }
}

TEST_CASE("Domino's line break after a literal belongs to the row", "[imap][framer]") {
  // MailKit#954: one CRLF more than the literal announced.
  for (const auto* rest : {"\r\n)", "\r\n FLAGS ())"}) {
    const auto frames =
        frame_all("* 1 FETCH (UID 7 BODY[] {5}\r\nhello"s + rest + "\r\nA1 OK\r\n", 100).frames;
    REQUIRE(frames.size() == 2);
    CHECK(frames[0].text == "* 1 FETCH (UID 7 BODY[] {5}\r\nhello"s + rest);
    CHECK(frames[1].text == "A1 OK");
  }
  // One is tolerated, not two.
  CHECK(frame_all("* 1 FETCH (BODY[] {5}\r\nhello\r\n\r\n)\r\n", 100).frames.size() == 2);
}

TEST_CASE("a row that ends with its literal does not swallow the next response", "[imap][framer]") {
  // Yandex, MailKit#1997.
  const auto frames =
      frame_all("* 1 FETCH (UID 7 BODY[] {5}\r\nhello\r\n* 2 EXISTS\r\n", 100).frames;
  REQUIRE(frames.size() == 2);
  CHECK(frames[0].text == "* 1 FETCH (UID 7 BODY[] {5}\r\nhello");
  CHECK(frames[1].text == "* 2 EXISTS");
}

TEST_CASE("a message that begins with an empty line keeps it", "[imap][framer]") {
  // isync CVE-2021-44143.
  const auto framed = frame_all("* 1 FETCH (BODY[] {6}\r\n\r\nbody)\r\n", 100, Literals::stream);
  CHECK(framed.streamed == "\r\nbody");
  CHECK(framed.frames.size() == 1);
}
