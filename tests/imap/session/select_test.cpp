#include "imap/base/errors.h"
#include "tests/support/catch.h"
#include "tests/support/sessions.h"

using imap::Session;
using tests::play;
using tests::Script;

namespace {

constexpr auto kAsIs = Session::Refresh::no;

}  // namespace

TEST_CASE("SELECT gives the right to change unless the server says otherwise",
          "[session][select]") {
  CHECK(play("IMAP4rev1",
             {"C: $2 SELECT \"INBOX\"", "S: * 3 EXISTS", "S: $2 OK [READ-WRITE] done",
              "C: $3 SELECT \"Shared\"", "S: $3 OK [READ-ONLY] done", "C: $4 SELECT \"Plain\"",
              "S: $4 OK done"},
             [](Session& session) {
               CHECK_FALSE(session.select("INBOX", kAsIs).read_only);
               CHECK(session.select("Shared", kAsIs).read_only);
               CHECK_FALSE(session.select("Plain", kAsIs).read_only);
             }) == Script::none);
}

TEST_CASE("what is open for writing is good for reading, not the other way", "[session][select]") {
  CHECK(play("IMAP4rev1",
             {"C: $2 EXAMINE \"INBOX\"", "S: $2 OK [READ-ONLY]", "C: $3 SELECT \"INBOX\"",
              "S: $3 OK [READ-WRITE]"},
             [](Session& session) {
               session.examine("INBOX", kAsIs);
               session.select("INBOX", kAsIs);
               session.examine("INBOX", kAsIs);
               session.select("INBOX", kAsIs);
             }) == Script::none);
}

TEST_CASE("a refused SELECT leaves no mailbox open", "[session][select]") {
  CHECK(play("IMAP4rev1",
             {"C: $2 SELECT \"INBOX\"", "S: $2 OK", "C: $3 SELECT \"x\"",
              "S: $3 NO [NONEXISTENT] no such mailbox"},
             [](Session& session) {
               session.select("INBOX", kAsIs);
               CHECK_THROWS_AS(session.select("x", kAsIs), imap::CommandError);
               CHECK_FALSE(session.selected());
             }) == Script::none);
}

TEST_CASE("what came before CLOSED is the other mailbox's", "[session][select]") {
  CHECK(play("QRESYNC",
             {"C: $2 SELECT \"A\"", "S: * 9 EXISTS", "S: $2 OK", "C: $3 SELECT \"B\"",
              "S: * 10 EXISTS", "S: * OK [UIDVALIDITY 77] old", "S: * OK [CLOSED]",
              "S: * OK [UIDVALIDITY 5] new", "S: $3 OK"},
             [](Session& session) {
               session.select("A", kAsIs);
               session.select("B", kAsIs);
               CHECK(session.selected()->name == "B");
               CHECK(session.selected()->exists == 0);
               CHECK(session.selected()->uid_validity == imap::UidValidity{5});
               CHECK_FALSE(session.selected()->read_only);
             }) == Script::none);
}

TEST_CASE("UNSELECT leaves the mailbox", "[session][unselect]") {
  CHECK(play("UNSELECT", {"C: $2 SELECT \"INBOX\"", "S: $2 OK", "C: $3 UNSELECT", "S: $3 OK"},
             [](Session& session) {
               session.unselect();  // nothing is open
               session.select("INBOX", kAsIs);
               session.unselect();
               CHECK_FALSE(session.selected());
             }) == Script::none);
}

TEST_CASE("without UNSELECT a writable mailbox is never closed", "[session][unselect]") {
  CHECK(play("IMAP4rev1",
             {"C: $2 SELECT \"INBOX\"", "S: $2 OK [READ-WRITE]", "C: $3 EXAMINE \"INBOX\"",
              "S: $3 OK [READ-ONLY]", "C: $4 CLOSE", "S: $4 OK"},
             [](Session& session) {
               session.select("INBOX", kAsIs);
               session.unselect();
               CHECK_FALSE(session.selected());
             }) == Script::none);
}

TEST_CASE("without UNSELECT a mailbox open for reading is closed at once", "[session][unselect]") {
  CHECK(play("IMAP4rev1",
             {"C: $2 EXAMINE \"INBOX\"", "S: $2 OK [READ-ONLY]", "C: $3 CLOSE", "S: $3 OK"},
             [](Session& session) {
               session.examine("INBOX", kAsIs);
               session.unselect();
             }) == Script::none);
}

TEST_CASE("a server that makes EXAMINE writable gets no CLOSE", "[session][unselect]") {
  CHECK(play("IMAP4rev1",
             {"C: $2 SELECT \"INBOX\"", "S: $2 OK", "C: $3 EXAMINE \"INBOX\"",
              "S: $3 OK [READ-WRITE]"},
             [](Session& session) {
               session.select("INBOX", kAsIs);
               session.unselect();
               CHECK(session.selected());
             }) == Script::none);
}

TEST_CASE("a server that does not say that EXAMINE is read-only gets no CLOSE",
          "[session][unselect]") {
  // RFC 3501 6.3.2 has it say so; one that does not may have taken it for SELECT.
  CHECK(play("IMAP4rev1",
             {"C: $2 SELECT \"INBOX\"", "S: $2 OK", "C: $3 EXAMINE \"INBOX\"", "S: $3 OK done"},
             [](Session& session) {
               session.select("INBOX", kAsIs);
               session.unselect();
               CHECK(session.selected());
             }) == Script::none);
}

TEST_CASE("a refused EXAMINE closes the mailbox just as well", "[session][unselect]") {
  CHECK(play("IMAP4rev1",
             {"C: $2 SELECT \"INBOX\"", "S: $2 OK", "C: $3 EXAMINE \"INBOX\"", "S: $3 NO gone"},
             [](Session& session) {
               session.select("INBOX", kAsIs);
               CHECK_THROWS_AS(session.unselect(), imap::CommandError);
               CHECK_FALSE(session.selected());
             }) == Script::none);
}
