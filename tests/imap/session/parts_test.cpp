#include "imap/base/errors.h"
#include "tests/support/catch.h"
#include "tests/support/sessions.h"

#include <string>

using imap::PartForm;
using imap::Session;
using imap::Uid;
using imap::UidSet;
using tests::play;
using tests::RecordingSink;
using tests::Script;
using Bodies = std::vector<std::string>;

namespace {

const std::string kRange = " UID FETCH 7 (UID BODY.PEEK[]<4.3>)";

}  // namespace

TEST_CASE("a range of a message is fetched", "[session][range]") {
  for (const std::string answer : {"BODY[]<4> {3}\r\nabc", "BODY[]<4.3> {3}\r\nabc",  // imapflow
                                   "BODY[]<4> \"abc\""}) {
    RecordingSink sink;
    CHECK(play("IMAP4rev1", {"C: $2" + kRange, "S: * 1 FETCH (UID 7 " + answer + ")", "S: $2 OK"},
               [&](Session& session) { CHECK(session.fetch_range(Uid{7}, 4, 3, sink)); }) ==
          Script::none);
    CHECK(sink.delivered() == Bodies{"7=abc"});
  }
}

TEST_CASE("a range may be shorter at the end of the message", "[session][range]") {
  RecordingSink sink;
  CHECK(play("IMAP4rev1",
             {"C: $2" + kRange, "S: * 1 FETCH (UID 7 BODY[]<4> {1}", "S: a)", "S: $2 OK",
              "C: $3" + kRange, "S: $3 NO gone"},
             [&](Session& session) {
               CHECK(session.fetch_range(Uid{7}, 4, 3, sink));
               CHECK_THROWS_AS(session.fetch_range(Uid{7}, 4, 3, sink), imap::CommandError);
             }) == Script::none);
  CHECK(sink.delivered() == Bodies{"7=a"});
}

TEST_CASE("a server that sends more than the range is not asked for one again",
          "[session][range]") {
  // Exchange sends the whole message (jakartaee/mail-api#370), old GreenMail ignored the range.
  for (const std::string answer :
       {"BODY[] {6}\r\nwhole!", "BODY[]<4> {4}\r\nmore", "BODY[] \"all\""}) {
    INFO(answer);
    RecordingSink sink;
    CHECK(play("IMAP4rev1",
               {"C: $2" + kRange, "S: * 1 FETCH (UID 7 " + answer + ")", "S: $2 OK", "C: $3 NOOP",
                "S: $3 OK"},
               [&](Session& session) {
                 const bool partial = session.fetch_range(Uid{7}, 4, 3, sink);
                 CHECK_FALSE(partial);
                 CHECK_FALSE(session.fetch_range(Uid{7}, 4, 3, sink));
                 session.noop();
               }) == Script::none);
    CHECK(sink.bodies().empty());
  }
}

TEST_CASE("a part is decoded by the server where it can", "[session][part]") {
  RecordingSink sink;
  CHECK(
      play("BINARY",
           {"C: $2 UID FETCH 7 (UID BINARY.PEEK[1.2])", "S: * 1 FETCH (UID 7 BINARY[1.2] ~{3}",
            "S: abc)", "S: $2 OK", "C: $3 UID FETCH 7 (UID BINARY.PEEK[2])",
            "S: $3 NO [UNKNOWN-CTE] no", "C: $4 UID FETCH 7 (UID BODY.PEEK[2])",
            "S: * 1 FETCH (UID 8 BODY[2] {3}", "S: not)", "S: * 1 FETCH (BODY[2] {4}",
            "S: YWJj UID 7)", "S: $4 OK", "C: $5 UID FETCH 7 (UID BINARY.PEEK[3])", "S: $5 NO no"},
           [&](Session& session) {
             CHECK(session.fetch_part(Uid{7}, "1.2", sink) == PartForm::decoded);
             CHECK(session.fetch_part(Uid{7}, "2", sink) == PartForm::encoded);
             CHECK_THROWS_AS(session.fetch_part(Uid{7}, "3", sink), imap::CommandError);
           }) == Script::none);
  CHECK(sink.delivered() == Bodies{"7=abc", "7=YWJj"});
}

TEST_CASE("without BINARY a part comes encoded", "[session][part]") {
  RecordingSink sink;
  CHECK(play("IMAP4rev1",
             {"C: $2 UID FETCH 7 (UID BODY.PEEK[1])", "S: * 1 FETCH (UID 7 BODY[1] \"hi\")",
              "S: $2 OK"},
             [&](Session& session) {
               CHECK(session.fetch_part(Uid{7}, "1", sink) == PartForm::encoded);
               for (const std::string bad : {"", "1] BODY[", "TEXT", "1 2"}) {
                 CHECK_THROWS_AS(session.fetch_part(Uid{7}, bad, sink), std::invalid_argument);
               }
             }) == Script::none);
  CHECK(sink.delivered() == Bodies{"7=hi"});
}

TEST_CASE("a search goes on below the server's limit", "[session][search]") {
  CHECK(play("ESEARCH MESSAGELIMIT=2",
             {"C: $2 UID SEARCH RETURN (ALL) ALL", "S: * ESEARCH (TAG \"$2\") UID ALL 8:9",
              "S: $2 OK [MESSAGELIMIT 2 8] partly", "C: $3 UID SEARCH RETURN (ALL) UID 1:7",
              "S: * ESEARCH (TAG \"$3\") UID ALL 3", "S: $3 OK [MESSAGELIMIT 2 8] no progress",
              "C: $4 UID SEARCH UID 1:9", "S: * SEARCH 8 9", "S: $4 OK [MESSAGELIMIT 2 8]",
              "C: $5 UID SEARCH UID 1:7", "S: * SEARCH 3", "S: $5 OK"},
             [](Session& session) {
               CHECK(session.search_all().to_string() == "3,8:9");
               CHECK(session.search(UidSet(Uid{1}, Uid{9})).to_string() == "3,8:9");
             }) == Script::none);
}

TEST_CASE("the newest messages are found in one short answer where offered", "[session][search]") {
  CHECK(play("PARTIAL",
             {"C: $2 UID SEARCH RETURN (PARTIAL -1:-3) ALL",
              "S: * ESEARCH (TAG \"$2\") UID PARTIAL (-1:-3 7,9:10)", "S: $2 OK",
              "C: $3 UID SEARCH RETURN (PARTIAL -1:-3) ALL",
              "S: * ESEARCH (TAG \"$3\") UID PARTIAL (-1:-3 NIL)", "S: $3 OK"},
             [](Session& session) {
               CHECK(session.search_newest(3).to_string() == "7,9:10");
               CHECK(session.search_newest(3).empty());
             }) == Script::none);
  CHECK(play("IMAP4rev1", {"C: $2 UID SEARCH ALL", "S: * SEARCH 1 5 9 10", "S: $2 OK"},
             [](Session& session) { CHECK(session.search_newest(3).to_string() == "5,9:10"); }) ==
        Script::none);
}

TEST_CASE("summaries name what a message is wherever the server can", "[session][summaries]") {
  CHECK(play("OBJECTID X-GM-EXT-1 MESSAGELIMIT=1",
             {"C: $2 EXAMINE \"a\"", "S: * OK [HIGHESTMODSEQ 5]", "S: $2 OK",
              "C: $3 UID FETCH 7:8 (UID FLAGS INTERNALDATE RFC822.SIZE MODSEQ EMAILID X-GM-MSGID "
              "X-GM-THRID X-GM-LABELS BODY.PEEK[HEADER.FIELDS (DATE FROM TO SUBJECT MESSAGE-ID "
              "LIST-ID)])",
              "S: * 1 FETCH (X-GM-MSGID 1278455344230334865 X-GM-THRID 12 X-GM-LABELS (\\Inbox "
              "\"a b\" {1}",
              "S: c) EMAILID (M1) UID 8 FLAGS () BODY[H] \"\")", "S: $3 OK [MESSAGELIMIT 1 8]",
              "C: $4 UID FETCH 7 (UID FLAGS INTERNALDATE RFC822.SIZE MODSEQ EMAILID X-GM-MSGID "
              "X-GM-THRID X-GM-LABELS BODY.PEEK[HEADER.FIELDS (DATE FROM TO SUBJECT MESSAGE-ID "
              "LIST-ID)])",
              "S: * 2 FETCH (UID 7 X-GM-LABELS NIL BODY[H] \"\")", "S: $4 OK"},
             [](Session& session) {
               session.examine("a", Session::Refresh::no);
               session.fetch_summaries({UidSet(Uid{7}, Uid{8})}, [](const auto& rows) {
                 REQUIRE(rows.size() == 2);
                 CHECK(rows[0].email_id == "M1");
                 CHECK(rows[0].gmail_message == 1'278'455'344'230'334'865U);
                 CHECK(rows[0].gmail_thread == 12U);
                 CHECK(rows[0].gmail_labels == Bodies{"\\Inbox", "a b", "c"});
                 CHECK(rows[1].gmail_labels.empty());
                 return true;
               });
             }) == Script::none);
}

TEST_CASE("UIDFETCH rows stand for FETCH rows", "[session][uidonly]") {
  RecordingSink sink;
  CHECK(play("UIDONLY",
             {"C: $2 UID FETCH 25996 (UID BODY.PEEK[])", "S: * 25996 UIDFETCH (BODY[] {5}",
              "S: hello)", "S: * 7 UIDFETCH (BODY[] {5}", "S: other)", "S: $2 OK"},
             [&](Session& session) { session.fetch_bodies(UidSet(Uid{25996}), sink); }) ==
        Script::none);
  CHECK(sink.delivered() == Bodies{"25996=hello"});
  CHECK(sink.bodies().at(0).announced == Uid{25996});
}

TEST_CASE("quotas come in octets and with 64 bits", "[session][quota]") {
  CHECK(play("QUOTA",
             {"C: $2 GETQUOTAROOT \"INBOX\"", "S: * QUOTAROOT INBOX \"\" other",
              "S: * QUOTA \"\" (STORAGE 10 512 MESSAGE 5 100)",
              "S: * QUOTA other (STORAGE 1 18014398509481985 )", "S: * QUOTA broken (STORAGE 1)",
              "S: $2 OK", "C: $3 GETQUOTAROOT \"x\"", "S: $3 NO no"},
             [](Session& session) {
               const auto rows = session.quotas("INBOX");
               REQUIRE(rows.size() == 2);
               CHECK(rows[0].storage->used == 10'240);
               CHECK(rows[0].storage->limit == 524'288);
               CHECK(rows[0].messages->used == 5);
               CHECK(rows[1].root == "other");
               CHECK(rows[1].storage->limit == UINT64_MAX);
               CHECK_THROWS_AS(session.quotas("x"), imap::CommandError);
             }) == Script::none);
  CHECK(play("IMAP4rev1", {}, [](Session& session) { CHECK(session.quotas("INBOX").empty()); }) ==
        Script::none);
}

TEST_CASE("quota roots are kept up to the limit", "[session][quota][limits]") {
  Script::Lines lines{"C: $2 GETQUOTAROOT \"a\""};
  for (int i = 0; i < 65; ++i) lines.push_back("S: * QUOTA r" + std::to_string(i) + " ()");
  lines.emplace_back("S: $2 OK");
  CHECK(play("QUOTA", lines, [](Session& session) { CHECK(session.quotas("a").size() == 64); }) ==
        Script::none);
}
