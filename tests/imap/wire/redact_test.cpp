#include "imap/wire/redact.h"

#include "tests/support/catch.h"
#include "tests/support/frames.h"

#include <string>

using namespace std::string_literals;
using tests::frame_of;
using tests::Literals;

TEST_CASE("a trace shows what is no mail", "[imap][redact]") {
  for (const auto* line :
       {"* OK [UIDNEXT 4] text \"quoted\" {5}", "A1 NO [X] no", "+ go",
        "* LIST (\\x) \"/\" \"a b\"", "* SEARCH 1 2 3", "* 3 EXISTS", "* [ALERT] x",
        "* 1 FETCH (UID 7 FLAGS (\\Seen) MODSEQ (1))", "* CAPABILITY IMAP4rev1",
        "* ESEARCH (TAG \"A1\") UID ALL 1:3", "* VANISHED 1:3"}) {
    CHECK(redacted(frame_of(line)) == line);
  }
}

TEST_CASE("a trace shows literals by their size", "[imap][redact]") {
  CHECK(redacted(frame_of("* LIST () \"/\" {6}\r\ncanary")) == "* LIST () \"/\" {6 octets}");
  const auto line = "* 1 FETCH (BODY[] {6}\r\ncanary UID 7)";
  CHECK(redacted(frame_of(line)) == "* 1 FETCH (BODY[] {6 octets} UID 7)");
  CHECK(redacted(frame_of(line, Literals::stream)) == "* 1 FETCH (BODY[] {6 octets} UID 7)");
}

TEST_CASE("no mail shows in a trace, whatever its form", "[imap][redact]") {
  for (const auto& line : {
           "* 1 FETCH (BODY[HEADER.FIELDS (SUBJECT)] \"canary\")"s,
           "* 1 FETCH (BODY[] \"\\\\\" X \"canary\")"s,
           "* 1 FETCH (BODY[] \"a\\\"canary\")"s,
           "* 1 FETCH (BODY[] \"canary)"s,
           "* 1 FETCH (ENVELOPE (NIL \"canary\"))"s,
           "* 1 fetch (BODY[] \"canary\")"s,
           "*  1  FETCH (BODY[] \"canary\")"s,
           "\0* 1 FETCH (BODY[] \"canary\")"s,
           "* 1 FETCH(BODY[] \"canary\")"s,
           "*\t1\tFETCH (BODY[] \"canary\")"s,
           "* 1 FETCH (X {1 {9}\r\na canary )"s,
           "* 1 FETCH (X \"{9}\r\nab\"canary)"s,
           "* 1 FETCH (X \"abc {12}\r\nab\" canary \")"s,
           "* 1 FETCH (BODY[] {3}\r\nabc BODY[] {6}\r\ncanary)"s,
           "Subject: canary"s,
           "* canary in a list"s,
           "the canary is in a line of a body"s,
           ")canary"s,
       }) {
    INFO(line);
    for (const auto literals : {Literals::keep, Literals::stream}) {
      CHECK(redacted(frame_of(line, literals)).find("canary") == std::string::npos);
    }
  }
}
