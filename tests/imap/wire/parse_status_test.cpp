#include "imap/base/errors.h"
#include "tests/support/catch.h"
#include "tests/support/frames.h"

#include <string>

using namespace std::string_literals;
using imap::Condition;
using imap::Ignored;
using imap::Status;
using tests::parse;
using tests::parse_as;

TEST_CASE("a tagged answer has a tag, a condition, a code and a text", "[imap][parse]") {
  const auto status = parse_as<Status>("A12 OK [READ-ONLY] EXAMINE completed.");
  CHECK(status.tag == "A12");
  CHECK(status.condition == Condition::ok);
  CHECK(status.code == "READ-ONLY");
  CHECK(status.arguments.empty());
  CHECK(status.text == "EXAMINE completed.");
  CHECK(parse_as<Status>("A1 NO no").condition == Condition::no);
  CHECK(parse_as<Status>("A1 BAD no").condition == Condition::bad);
  CHECK(parse_as<Status>("* BYE gone").condition == Condition::bye);
  CHECK(parse_as<Status>("* PREAUTH hi").condition == Condition::preauth);
}

TEST_CASE("a status needs neither text nor code", "[imap][parse]") {
  CHECK(parse_as<Status>("A1 OK").text.empty());
  CHECK(parse_as<Status>("A1 NO ").text.empty());
  // Gmail: nothing after the code.
  const auto gmail = parse_as<Status>("* OK [HIGHESTMODSEQ 719]");
  CHECK(gmail.code == "HIGHESTMODSEQ");
  CHECK(gmail.arguments == "719");
  CHECK(gmail.text.empty());
  CHECK(parse_as<Status>("* ok [uidnext 4] lower case").code == "UIDNEXT");
}

TEST_CASE("BYE may carry our tag", "[imap][parse]") {
  const auto status = parse_as<Status>("A3 BYE too busy");
  CHECK(status.tag == "A3");
  CHECK(status.condition == Condition::bye);
}

TEST_CASE("brackets within quotes do not end a response code", "[imap][parse]") {
  const auto status = parse_as<Status>(R"(* OK [X "a]b\"]" c] text)");
  CHECK(status.code == "X");
  CHECK(status.arguments == R"("a]b\"]" c)");
  CHECK(status.text == "text");
}

TEST_CASE("an unfinished response code harms nothing", "[imap][parse]") {
  CHECK(parse_as<Status>("* OK [UIDNEXT 4").code == "UIDNEXT");
  CHECK(parse_as<Status>("* OK [").code.empty());
  CHECK(parse_as<Status>("* OK []").code.empty());
  CHECK(parse_as<Status>("* OK [\"").text.empty());
}

TEST_CASE("a response code without OK before it counts", "[imap][parse]") {
  // Exchange, home.pl, InterMail.
  CHECK(parse_as<Status>("* [COPYUID 1 2 3]").code == "COPYUID");
  CHECK(parse_as<Status>("[ALERT] no star").code == "ALERT");
}

TEST_CASE("text that is not UTF-8 passes", "[imap][parse]") {
  CHECK(parse_as<Status>("* OK caf\xe9").text == "caf\xe9");
}

TEST_CASE("a continuation needs neither text nor space", "[imap][parse]") {
  CHECK(parse_as<imap::Continuation>("+").text.empty());
  CHECK(parse_as<imap::Continuation>("+ go ahead").text == "go ahead");
  CHECK(parse_as<imap::Continuation>("+go").text == "go");
}

TEST_CASE("NULs before a response are skipped", "[imap][parse]") {
  CHECK(parse_as<imap::Exists>("\0\0* 3 EXISTS"s).count == 3);
  CHECK(parse_as<Status>("\0A1 OK"s).tag == "A1");
}

TEST_CASE("a response that ends too soon is malformed and no more", "[imap][parse]") {
  for (const auto* line : {"* 1 FETCH",
                           "* 1 FETCH (",
                           "* 1 FETCH (UID",
                           "* 1",
                           "* LIST",
                           "* LIST (",
                           "* STATUS",
                           "* STATUS x",
                           "* STATUS x (",
                           "* VANISHED x",
                           "A1",
                           "A1 MAYBE",
                           "A1 PREAUTH",
                           "* NAMESPACE (",
                           "* NAMESPACE ((",
                           "* FLAGS (",
                           "* 1 FETCH (FLAGS (",
                           "* ESEARCH (",
                           "* 1 FETCH (BODY[",
                           "* 1 FETCH (BODY[]",
                           "* 1 FETCH (BODY[]<0",
                           "* 1 FETCH (INTERNALDATE \"x",
                           "Welcome to the machine"}) {
    INFO(line);
    CHECK_THROWS_AS(parse(line), imap::ProtocolError);
  }
  // mailio#229: each crashed a client.
  CHECK(std::holds_alternative<Status>(parse("* OK ")));
  CHECK(std::holds_alternative<Status>(parse("* [UIDNEXT 4]")));
  CHECK(std::holds_alternative<Ignored>(parse("*")));
}

TEST_CASE("a server says who it is, or does not", "[imap][parse][id]") {
  using imap::ServerId;
  CHECK(parse_as<ServerId>("* ID (\"name\" \"Zimbra\" \"version\" NIL )").text ==
        "name Zimbra version ");
  CHECK(parse_as<ServerId>("* ID NIL").text.empty());
  CHECK(parse_as<ServerId>("* ID (\"name\"").text == "name");
}

TEST_CASE("what is not known is ignored", "[imap][parse]") {
  for (const auto* line : {"* GENURLAUTH \"x\"", "* 4 RECENT", "* QUOTAROOT INBOX \"\"",
                           "* X-GUID 1", "* 12 UNKNOWN (((", "*  "}) {
    INFO(line);
    CHECK(std::holds_alternative<Ignored>(parse(line)));
  }
}

TEST_CASE("counts are read and numbers over 32 bits are malformed", "[imap][parse]") {
  CHECK(parse_as<imap::Exists>("* 4294967295 EXISTS").count == 4294967295U);
  CHECK(parse_as<imap::Exists>("* 0 exists ").count == 0);
  CHECK(parse_as<imap::Expunge>("* 7 EXPUNGE").seq == imap::Seq{7});
  CHECK_THROWS_AS(parse("* 4294967296 EXISTS"), imap::ProtocolError);
  CHECK_THROWS_AS(parse("* 99999999999999999999 EXISTS"), imap::ProtocolError);
  CHECK(std::holds_alternative<Ignored>(parse("* -1 EXISTS")));
}

TEST_CASE("CAPABILITY tolerates what servers write", "[imap][parse]") {
  // A lone `+`, `LITERAL +`, doubled and trailing spaces, no IMAP4rev1.
  const auto capabilities =
      parse_as<imap::Capabilities>("* CAPABILITY  + LITERAL + uidplus AUTH=PLAIN  ");
  CHECK(capabilities.has("UIDPLUS"));
  CHECK(capabilities.has("auth=plain"));
  CHECK(capabilities.has("LITERAL"));
  CHECK_FALSE(capabilities.has("LITERAL+"));
  CHECK_FALSE(capabilities.has("IMAP4rev1"));
}

TEST_CASE("capabilities say how large a literal may be sent unasked", "[imap][capabilities]") {
  imap::Capabilities capabilities;
  CHECK(capabilities.empty());
  CHECK_FALSE(capabilities.non_sync_literal());
  capabilities.add("");
  CHECK(capabilities.empty());
  capabilities.add("literal-");
  CHECK(capabilities.non_sync_literal() == 4096U);
  capabilities.add("LITERAL+");
  CHECK(capabilities.non_sync_literal() > 4096U);
  imap::Capabilities rev2;
  rev2.add("IMAP4rev2");
  CHECK(rev2.non_sync_literal() == 4096U);
}

TEST_CASE("ENABLED is read whether asked for or not", "[imap][parse]") {
  CHECK(parse_as<imap::Enabled>("* ENABLED condstore  QRESYNC ").names ==
        std::vector<std::string>{"CONDSTORE", "QRESYNC"});
  CHECK(parse_as<imap::Enabled>("* ENABLED").names.empty());
}
