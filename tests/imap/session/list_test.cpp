#include "imap/base/errors.h"
#include "tests/support/catch.h"
#include "tests/support/sessions.h"

#include <string>

using imap::ListRow;
using imap::Session;
using imap::SpecialUse;
using tests::play;
using tests::Script;
using Names = std::vector<std::string>;

namespace {

const std::string kModern =
    "IMAP4rev1 LIST-EXTENDED LIST-STATUS SPECIAL-USE CONDSTORE STATUS=SIZE OBJECTID APPENDLIMIT";
const std::string kPlain = " LIST \"\" \"*\"";

Names names_of(const std::vector<ListRow>& rows) {
  Names names;
  for (const auto& row : rows) names.push_back(row.name);
  return names;
}

}  // namespace

TEST_CASE("one LIST tells all where the server can", "[session][list]") {
  CHECK(
      play(
          kModern,
          {"C: $2 LIST \"\" \"*\" RETURN (SUBSCRIBED CHILDREN SPECIAL-USE STATUS (MESSAGES UIDNEXT "
           "UIDVALIDITY UNSEEN HIGHESTMODSEQ SIZE MAILBOXID APPENDLIMIT))",
           "S: * LIST (\\Subscribed \\HasNoChildren) \"/\" Inbox",
           "S: * STATUS Inbox (MESSAGES 3 UIDNEXT 9 UIDVALIDITY 7 UNSEEN 1 HIGHESTMODSEQ 55 "
           "SIZE 5000000000 MAILBOXID (F1) APPENDLIMIT 1000 )",
           "S: * LIST (\\sent) \"/\" \"Gesendet\"",
           "S: * LIST (\\NonExistent \\HasChildren) \"/\" \"[Gmail]\"", "S: $2 OK"},
          [](Session& session) {
            const auto rows = session.list({.status = true, .subscriptions = true});
            REQUIRE(names_of(rows) == Names{"INBOX", "Gesendet", "[Gmail]"});
            CHECK(rows[0].subscribed);
            REQUIRE(rows[0].status);
            CHECK(rows[0].status->messages == 3U);
            CHECK(rows[0].status->uid_next == 9U);
            CHECK(rows[0].status->highest_modseq == 55U);
            CHECK(rows[0].status->size == 5'000'000'000U);
            CHECK(rows[0].status->mailbox_id == "F1");
            CHECK(rows[0].status->append_limit == 1000U);
            CHECK(rows[1].use == SpecialUse::sent);
            CHECK_FALSE(rows[1].subscribed);
            CHECK_FALSE(rows[1].status);
            CHECK_FALSE(rows[2].is_selectable());
          }) == Script::none);
}

TEST_CASE("a server that refuses what it advertises is asked for less, once", "[session][list]") {
  CHECK(play("LIST-EXTENDED LIST-STATUS SPECIAL-USE OBJECTID",
             {"C: $2 LIST \"\" \"*\" RETURN (SUBSCRIBED CHILDREN SPECIAL-USE STATUS (MESSAGES "
              "UIDNEXT UIDVALIDITY UNSEEN MAILBOXID))",
              "S: $2 BAD unknown item",
              "C: $3 LIST \"\" \"*\" RETURN (SUBSCRIBED CHILDREN SPECIAL-USE STATUS (MESSAGES "
              "UIDNEXT UIDVALIDITY UNSEEN))",
              "S: $3 BAD unknown item", "C: $4 LIST \"\" \"*\" RETURN (SUBSCRIBED CHILDREN)",
              "S: $4 BAD what?", "C: $5 LIST \"\" \"*\"", "S: * LIST () \"/\" INBOX", "S: $5 OK",
              "C: $6 STATUS \"INBOX\" (MESSAGES UIDNEXT UIDVALIDITY UNSEEN MAILBOXID)",
              "S: * STATUS INBOX (MESSAGES 4)", "S: $6 OK", "C: $7 LIST \"\" \"*\"", "S: $7 OK"},
             [](Session& session) {
               CHECK(session.list({.status = true}).at(0).status->messages == 4U);
               CHECK(session.list().size() == 1);
             }) == Script::none);
}

TEST_CASE("a LIST that is refused at its plainest fails, and NO is no reason to ask for less",
          "[session][list]") {
  CHECK(play("IMAP4rev1", {"C: $2" + kPlain, "S: $2 BAD no"}, [](Session& session) {
          CHECK_THROWS_AS(session.list(), imap::CommandError);
        }) == Script::none);
  CHECK(play("LIST-EXTENDED",
             {"C: $2 LIST \"\" \"*\" RETURN (SUBSCRIBED CHILDREN)", "S: $2 NO [UNAVAILABLE] busy"},
             [](Session& session) { CHECK_THROWS_AS(session.list(), imap::CommandError); }) ==
        Script::none);
}

TEST_CASE("LSUB is asked where LIST cannot tell what is subscribed", "[session][list]") {
  CHECK(play("IMAP4rev1",
             {"C: $2" + kPlain, "S: * LIST () \".\" Inbox", "S: * LIST () \".\" a",
              "S: * LIST () \".\" b", "S: $2 OK", "C: $3 LSUB \"\" \"*\"",
              "S: * LSUB () \".\" Inbox", "S: * LSUB () \".\" b", "S: * LSUB (\\Noselect) \".\" a",
              "S: * LSUB () \".\" gone", "S: $3 OK"},
             [](Session& session) {
               const auto rows = session.list({.subscriptions = true});
               REQUIRE(rows.size() == 3);
               CHECK(rows[0].subscribed);
               CHECK_FALSE(rows[1].subscribed);
               CHECK(rows[2].subscribed);
             }) == Script::none);
}

TEST_CASE("a refused LSUB leaves subscriptions unknown", "[session][list]") {
  CHECK(play("IMAP4rev1",
             {"C: $2" + kPlain, "S: * LIST () \".\" INBOX", "S: $2 OK", "C: $3 LSUB \"\" \"*\"",
              "S: $3 BAD in IMAP4rev2 mode"},  // Exchange (imapflow list.js)
             [](Session& session) {
               CHECK_FALSE(session.list({.subscriptions = true}).at(0).subscribed);
             }) == Script::none);
}

TEST_CASE("XLIST is asked only where SPECIAL-USE is absent", "[session][list]") {
  CHECK(play("IMAP4rev1 XLIST",
             {"C: $2" + kPlain, "S: * LIST () \"|\" INBOX", "S: * LIST () \"|\" Spam", "S: $2 OK",
              "C: $3 XLIST \"\" \"*\"", "S: * XLIST (\\Inbox) \"|\" Posteingang",
              "S: * XLIST (\\Spam) \"|\" Spam", "S: $3 OK"},  // Yandex
             [](Session& session) {
               const auto rows = session.list();
               REQUIRE(names_of(rows) == Names{"INBOX", "Spam"});
               CHECK(rows[1].use == SpecialUse::junk);
             }) == Script::none);
  CHECK(play("IMAP4rev1 XLIST SPECIAL-USE", {"C: $2" + kPlain, "S: $2 OK"},
             [](Session& session) { session.list(); }) == Script::none);
}

TEST_CASE("only names with the prefix are listed", "[session][list]") {
  CHECK(play("IMAP4rev1",
             {"C: $2 LIST \"\" \"a%b/*\"", "S: * LIST () \"/\" a%b/c", "S: * LIST () \"/\" axb/c",
              "S: * LIST () \"/\" other", "S: $2 OK"},
             [](Session& session) {
               CHECK(names_of(session.list({.prefix = "a%b/"})) == Names{"a%b/c"});
             }) == Script::none);
}

TEST_CASE("STATUS is asked 25 commands ahead where LIST cannot tell", "[session][list][status]") {
  Script::Lines lines;
  Names names;
  const auto ask = [&](int i) {
    lines.push_back("C: $" + std::string(1, static_cast<char>('2' + i)) + " STATUS \"m" +
                    std::to_string(i) + "\" (MESSAGES UIDNEXT UIDVALIDITY UNSEEN)");
  };
  const auto answer = [&](int i) {
    lines.push_back("S: * STATUS m" + std::to_string(i) + " (MESSAGES " + std::to_string(i) + ")");
    lines.push_back("S: $" + std::string(1, static_cast<char>('2' + i)) + " OK");
  };
  for (int i = 0; i < 26; ++i) names.push_back("m" + std::to_string(i));
  for (int i = 0; i < 25; ++i) ask(i);
  answer(0);
  ask(25);
  for (int i = 1; i < 26; ++i) answer(i);
  CHECK(play("IMAP4rev1", lines, [&](Session& session) {
          const auto rows = session.statuses(names);
          REQUIRE(rows.size() == 26);
          for (unsigned i = 0; i < 26; ++i) CHECK(rows[i]->messages == i);
        }) == Script::none);
}

TEST_CASE("a mailbox whose STATUS is refused has none", "[session][status]") {
  CHECK(play("CONDSTORE",
             {"C: $2 STATUS \"a\" (MESSAGES UIDNEXT UIDVALIDITY UNSEEN HIGHESTMODSEQ)",
              "C: $3 STATUS \"b\" (MESSAGES UIDNEXT UIDVALIDITY UNSEEN HIGHESTMODSEQ)",
              "S: $2 NO [NONEXISTENT] gone", "S: * STATUS b (MESSAGES 1)", "S: $3 OK"},
             [](Session& session) {
               const auto rows = session.statuses({"a", "b"});
               CHECK_FALSE(rows[0]);
               CHECK(rows[1]->messages == 1U);
             }) == Script::none);
}

TEST_CASE("mailboxes whose STATUS asked for too much are asked for less", "[session][status]") {
  CHECK(play("CONDSTORE",
             {"C: $2 STATUS \"a\" (MESSAGES UIDNEXT UIDVALIDITY UNSEEN HIGHESTMODSEQ)",
              "C: $3 STATUS \"b\" (MESSAGES UIDNEXT UIDVALIDITY UNSEEN HIGHESTMODSEQ)",
              "S: $2 BAD what", "S: $3 BAD what",
              "C: $4 STATUS \"a\" (MESSAGES UIDNEXT UIDVALIDITY UNSEEN)",
              "C: $5 STATUS \"b\" (MESSAGES UIDNEXT UIDVALIDITY UNSEEN)",
              "S: * STATUS a (MESSAGES 1)", "S: $4 OK", "S: $5 BAD this one never"},
             [](Session& session) {
               const auto rows = session.statuses({"a", "b"});
               REQUIRE(rows[0]);
               CHECK(rows[0]->messages == 1U);
               CHECK_FALSE(rows[1]);
             }) == Script::none);
}

TEST_CASE("STATUS of one mailbox asks for less after BAD, and fails after NO",
          "[session][status]") {
  CHECK(play("OBJECTID",
             {"C: $2 STATUS \"a\" (MESSAGES UIDNEXT UIDVALIDITY UNSEEN MAILBOXID)",
              "S: $2 BAD what", "C: $3 STATUS \"a\" (MESSAGES UIDNEXT UIDVALIDITY UNSEEN)",
              "S: * STATUS other (MESSAGES 9)", "S: * STATUS a (MESSAGES 1)", "S: $3 OK",
              "C: $4 STATUS \"a\" (MESSAGES UIDNEXT UIDVALIDITY UNSEEN)", "S: $4 NO [NOPERM] no",
              "C: $5 STATUS \"a\" (MESSAGES UIDNEXT UIDVALIDITY UNSEEN)", "S: $5 OK"},
             [](Session& session) {
               CHECK(session.status("a").messages == 1U);
               CHECK_THROWS_AS(session.status("a"), imap::CommandError);
               CHECK_THROWS_AS(session.status("a"), imap::CommandError);  // OK, and no row
             }) == Script::none);
}

TEST_CASE("mailboxes up to the limit are listed, and none beyond", "[session][list][limits]") {
  for (const std::size_t most : {2, 1}) {
    Script script(tests::after_login("IMAP4rev1", {"C: $2" + kPlain, "S: * LIST () NIL INBOX",
                                                   "S: * LIST () NIL b", "S: $2 OK"}));
    auto settings = tests::patient();
    settings.limits.mailboxes = most;
    const auto session = tests::open_session(script, settings);
    if (most == 2) {
      CHECK(session->list().size() == 2);
    } else {
      CHECK_THROWS_AS(session->list(), imap::LimitError);
      CHECK_FALSE(session->is_usable());
    }
  }
}
