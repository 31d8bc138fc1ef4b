#include "imap/base/errors.h"
#include "tests/support/catch.h"
#include "tests/support/sessions.h"

#include <string>

using imap::Session;
using imap::SpecialUse;
using tests::play;
using tests::play_negotiated;
using tests::Script;

TEST_CASE("CREATE gives the id that the server gives", "[session][create]") {
  CHECK(
      play("OBJECTID",
           {"C: $2 CREATE \"a/b\"", "S: $2 OK [MAILBOXID (F2212ea87-6097)] Completed",
            "C: $3 CREATE \"c\"", "S: $3 OK [MAILBOXID F3] bare", "C: $4 CREATE \"d\"", "S: $4 OK"},
           [](Session& session) {
             CHECK(session.create_mailbox("a/b") == "F2212ea87-6097");
             CHECK(session.create_mailbox("c") == "F3");
             CHECK(session.create_mailbox("d").empty());
           }) == Script::none);
}

TEST_CASE("CREATE says what for only where that is offered", "[session][create]") {
  CHECK(play("SPECIAL-USE CREATE-SPECIAL-USE", {"C: $2 CREATE \"Bin\" (USE (\\Trash))", "S: $2 OK"},
             [](Session& session) { session.create_mailbox("Bin", SpecialUse::trash); }) ==
        Script::none);
  CHECK(play("SPECIAL-USE", {"C: $2 CREATE \"Bin\"", "S: $2 OK"}, [](Session& session) {
          session.create_mailbox("Bin", SpecialUse::trash);
        }) == Script::none);
}

TEST_CASE("a refused CREATE says why", "[session][create]") {
  CHECK(play("IMAP4rev1",
             {"C: $2 CREATE \"Trash\"", "S: $2 NO [ALREADYEXISTS] Mailbox already exists",
              "C: $3 CREATE \"Files\"", "S: $3 NO Folder name is reserved.", "C: $4 CREATE \"^\"",
              "S: $4 BAD invalid"},  // Exchange, O365 (imapsync FAQ)
             [](Session& session) {
               try {
                 session.create_mailbox("Trash");
                 FAIL("accepted");
               } catch (const imap::CommandError& error) {
                 CHECK(error.code() == "ALREADYEXISTS");
               }
               CHECK_THROWS_AS(session.create_mailbox("Files"), imap::CommandError);
               CHECK_THROWS_AS(session.create_mailbox("^"), imap::CommandError);
               CHECK(session.is_usable());
             }) == Script::none);
}

TEST_CASE("what is deleted or renamed is left first", "[session][delete]") {
  CHECK(play("UNSELECT",
             {"C: $2 SELECT \"a\"", "S: $2 OK", "C: $3 UNSELECT", "S: $3 OK", "C: $4 DELETE \"a\"",
              "S: $4 OK", "C: $5 EXAMINE \"b\"", "S: $5 OK", "C: $6 DELETE \"c\"",
              "S: $6 NO [HASCHILDREN] no", "C: $7 UNSELECT", "S: $7 OK", "C: $8 RENAME \"b\" \"d\"",
              "S: $8 OK"},
             [](Session& session) {
               session.select("a", Session::Refresh::no);
               session.delete_mailbox("a");
               session.examine("b", Session::Refresh::no);
               CHECK_THROWS_AS(session.delete_mailbox("c"), imap::CommandError);
               CHECK(session.selected());
               session.rename_mailbox("b", "d");
               CHECK_FALSE(session.selected());
             }) == Script::none);
}

TEST_CASE("a mailbox below the one that is renamed is left, too", "[session][rename]") {
  // Its old name may soon be that of another mailbox with the same UIDs.
  CHECK(play("UNSELECT",
             {"C: $2 SELECT \"a/b\"", "S: $2 OK", "C: $3 UNSELECT", "S: $3 OK",
              "C: $4 RENAME \"a\" \"c\"", "S: $4 OK", "C: $5 CREATE \"a/b\"", "S: $5 OK",
              "C: $6 SELECT \"a/b\"", "S: $6 OK"},
             [](Session& session) {
               session.select("a/b", Session::Refresh::no);
               session.rename_mailbox("a", "c");
               session.create_mailbox("a/b");
               session.select("a/b", Session::Refresh::no);
             }) == Script::none);
}

TEST_CASE("INBOX is neither deleted nor renamed", "[session][delete]") {
  // GreenMail does it (#399).
  CHECK(play("IMAP4rev1", {}, [](Session& session) {
          CHECK_THROWS_AS(session.delete_mailbox("inbox"), imap::CommandError);
          CHECK_THROWS_AS(session.rename_mailbox("INBOX", "x"), imap::CommandError);
        }) == Script::none);
}

TEST_CASE("names of mailboxes go out in the server's encoding", "[session][rename]") {
  CHECK(play_negotiated("ENABLE UTF8=ACCEPT",
                        {"C: $2 ENABLE UTF8=ACCEPT", "S: * ENABLED UTF8=ACCEPT", "S: $2 OK",
                         "C: $3 RENAME \"Entw\xC3\xBCrfe\" \"A&B\"", "S: $3 OK"},
                        [](Session& session) { session.rename_mailbox("Entw&APw-rfe", "A&-B"); }) ==
        Script::none);
  CHECK(play("IMAP4rev1", {"C: $2 RENAME \"Entw&APw-rfe\" \"A&-B\"", "S: $2 OK"},
             [](Session& session) { session.rename_mailbox("Entw&APw-rfe", "A&-B"); }) ==
        Script::none);
}

TEST_CASE("subscriptions come and go", "[session][subscribe]") {
  CHECK(play("IMAP4rev1",
             {"C: $2 SUBSCRIBE \"a\"", "S: $2 OK", "C: $3 UNSUBSCRIBE \"a\"", "S: $3 OK",
              "C: $4 SUBSCRIBE \"x\"", "S: $4 NO no such mailbox"},
             [](Session& session) {
               session.subscribe("a", Session::Subscription::add);
               session.subscribe("a", Session::Subscription::remove);
               CHECK_THROWS_AS(session.subscribe("x", Session::Subscription::add),
                               imap::CommandError);
             }) == Script::none);
}
