#include "imap/session/quirks.h"

#include "imap/base/errors.h"
#include "tests/support/catch.h"
#include "tests/support/sessions.h"

#include <algorithm>
#include <set>
#include <string>

using imap::Quirks;
using imap::Session;
using imap::Uid;
using imap::UidSet;
using tests::play_negotiated;
using tests::Script;

namespace {

/// A negotiated session with a server that greets so; its first tag is `$2`.
template <class Act>
std::string play_greeted(const std::string& greeting, const std::string& capabilities,
                         const Script::Lines& lines, const Act& act) {
  Script::Lines all{"S: * PREAUTH " + greeting, "C: $1 CAPABILITY",
                    "S: * CAPABILITY " + capabilities, "S: $1 OK"};
  all.insert(all.end(), lines.begin(), lines.end());
  Script script(all);
  const auto session = tests::open_session(script);
  session->negotiate();
  act(*session);
  return script.deviations();
}

Quirks greeted(const std::string& greeting) {
  return imap::quirks_of({}, greeting, "");
}

constexpr auto kAgain = Session::Refresh::yes;

}  // namespace

TEST_CASE("every quirk has a sign and a source of its own", "[session][quirks]") {
  std::set<std::string_view> signs;
  for (const auto& quirk : imap::known_quirks()) {
    CHECK_FALSE(quirk.source.empty());
    CHECK(signs.insert(quirk.text).second);
  }
}

TEST_CASE("a server that nobody knows has no quirks", "[session][quirks]") {
  imap::Capabilities usual;
  for (const auto* atom : {"IMAP4rev1", "XAPPLEPUSHSERVICE", "QRESYNC"}) usual.add(atom);
  const auto quirks =
      imap::quirks_of(usual, "[CAPABILITY IMAP4rev1] Dovecot ready.", "name Dovecot");
  CHECK_FALSE(quirks.no_qresync);
  CHECK_FALSE(quirks.select_always);
  CHECK(quirks.most_connections == 0);
  CHECK(quirks.statuses_ahead == 25);
}

TEST_CASE("Exchange: a session is worn out by eight refusals", "[session][quirks]") {
  Script::Lines lines;
  for (int refusal = 0; refusal < 8; ++refusal) {
    const auto tag = "$" + std::to_string(2 + refusal);
    lines.push_back("C: " + tag + " NOOP");
    lines.push_back("S: " + tag + " BAD Command received in Invalid state.");
  }
  CHECK(play_greeted("The Microsoft Exchange IMAP4 service is ready.", "IMAP4rev1", lines,
                     [](Session& session) {
                       for (int refusal = 0; refusal < 8; ++refusal) {
                         CHECK_FALSE(session.is_worn_out());
                         CHECK_THROWS_AS(session.noop(), imap::CommandError);
                       }
                       CHECK(session.is_worn_out());
                     }) == "");
}

TEST_CASE("iCloud: QRESYNC is not enabled", "[session][quirks]") {
  CHECK(play_negotiated("IMAP4rev1 XAPPLELITERAL ENABLE CONDSTORE QRESYNC",
                        {"C: $2 ENABLE CONDSTORE", "S: $2 OK"}, [](Session& session) {
                          CHECK_FALSE(session.is_enabled("CONDSTORE"));
                        }) == Script::none);
}

TEST_CASE("Exchange: few commands ahead", "[session][quirks]") {
  Script::Lines lines;
  std::vector<std::string> names;
  for (int i = 0; i < 11; ++i) names.push_back("m" + std::to_string(i));
  const auto tag = [](int i) {
    return "$" + std::string(1, static_cast<char>('A' + i));
  };
  const auto ask = [&](int i) {
    lines.push_back("C: " + tag(i) + " STATUS \"m" + std::to_string(i) +
                    "\" (MESSAGES UIDNEXT UIDVALIDITY UNSEEN)");
  };
  for (int i = 0; i < 10; ++i) ask(i);
  lines.push_back("S: " + tag(0) + " OK");
  ask(10);
  for (int i = 1; i < 11; ++i) lines.push_back("S: " + tag(i) + " OK");
  CHECK(play_greeted("The Microsoft Exchange IMAP4 service is ready.", "IMAP4rev1", lines,
                     [&](Session& session) { session.statuses(names); }) == Script::none);
}

TEST_CASE("Yahoo: UIDONLY is enabled, silence is short", "[session][quirks]") {
  CHECK(play_negotiated("IMAP4rev1 XYMHIGHESTMODSEQ ENABLE UIDONLY",
                        {"C: $2 ENABLE UIDONLY", "S: * ENABLED UIDONLY", "S: $2 OK"},
                        [](Session& session) {
                          CHECK(session.is_enabled("UIDONLY"));
                          CHECK(session.quirks().longest_idle == std::chrono::seconds(120));
                        }) == Script::none);
  CHECK(play_negotiated("IMAP4rev1 ENABLE UIDONLY", {}, [](Session&) {}) == Script::none);
}

TEST_CASE("Courier: a mailbox is always opened by SELECT", "[session][quirks]") {
  CHECK(play_greeted("[CAPABILITY IMAP4rev1] Courier-IMAP ready. Copyright 1998-2018 Double "
                     "Precision, Inc.",
                     "IMAP4rev1", {"C: $2 SELECT \"INBOX\"", "S: $2 OK [READ-WRITE]"},
                     [](Session& session) {
                       session.examine("INBOX", kAgain);
                       CHECK(session.quirks().most_connections == 4);
                     }) == Script::none);
}

TEST_CASE("Zimbra: a mailbox is left before another is opened", "[session][quirks]") {
  CHECK(play_greeted("mail.example.org Zimbra IMAP4rev1 server ready", "ENABLE QRESYNC UNSELECT",
                     {"C: $2 ENABLE QRESYNC", "S: * ENABLED QRESYNC", "S: $2 OK",
                      "C: $3 SELECT \"a\"", "S: $3 OK", "C: $4 UNSELECT", "S: * VANISHED 4",
                      "S: $4 OK", "C: $5 SELECT \"b\"", "S: * VANISHED (EARLIER) 9", "S: $5 OK"},
                     [](Session& session) {
                       session.select("a", kAgain);
                       session.select("b", kAgain);
                       const auto updates = session.take_updates();
                       REQUIRE(updates.mailboxes.size() == 2);
                       CHECK(updates.mailboxes[0].mailbox == "a");
                       CHECK(updates.mailboxes[0].vanished.to_string() == "4");
                       CHECK(updates.mailboxes[1].vanished.to_string() == "9");
                     }) == Script::none);
}

TEST_CASE("a server may say its name in ID", "[session][quirks]") {
  Script script({"S: * PREAUTH ready", "C: $1 CAPABILITY", "S: * CAPABILITY ID", "S: $1 OK",
                 "C: $2 ID (\"name\" \"imapfs\" \"version\" \"0.1\")",
                 "S: * ID (\"NAME\" \"Zimbra\" \"VERSION\" \"8.8.15_GA_3869\")", "S: $2 OK"});
  const auto session = tests::open_session(script);
  session->negotiate();
  CHECK(session->quirks().unselect_first);
}

TEST_CASE("Cyrus: a refusal in words is one with a code", "[session][quirks]") {
  const auto refused_with = [](const std::string& text) {
    std::string code = "none";
    CHECK(play_greeted("localhost Cyrus IMAP 3.6.1 server ready", "IMAP4rev1",
                       {"C: $2 NOOP", "S: $2 NO " + text},
                       [&](Session& session) {
                         try {
                           session.noop();
                         } catch (const imap::CommandError& error) {
                           code = error.code();
                         }
                       })
              .empty());
    return code;
  };
  CHECK(refused_with("Over quota") == "OVERQUOTA");
  CHECK(refused_with("Permission denied") == "NOPERM");
  CHECK(refused_with("Message size exceeds fixed limit") == "TOOBIG");
  CHECK(refused_with("Mailbox does not exist") == "NONEXISTENT");
  CHECK(refused_with("Mailbox already exists") == "ALREADYEXISTS");
  CHECK(refused_with("[LIMIT] Over quota") == "LIMIT");
  CHECK(refused_with("something else").empty());
}

TEST_CASE("Cyrus: STATUS is not asked for MAILBOXID", "[session][quirks]") {
  CHECK(play_greeted("localhost Cyrus IMAP 3.6.1 server ready", "IMAP4rev1 OBJECTID",
                     {"C: $2 STATUS \"a\" (MESSAGES UIDNEXT UIDVALIDITY UNSEEN)",
                      "S: * STATUS a (MESSAGES 1)", "S: $2 OK"},
                     [](Session& session) { session.status("a"); }) == Script::none);
}

TEST_CASE("QQ: at most 50 UIDs, ascending, and few connections", "[session][quirks]") {
  CHECK(play_greeted("[CAPABILITY IMAP4 IMAP4rev1 AUTH=LOGIN NAMESPACE] QQMail IMAP4Server ready",
                     "IMAP4rev1",
                     {"C: $2 UID FETCH 1:50 (UID FLAGS)", "S: $2 OK",
                      "C: $3 UID FETCH 51:60 (UID FLAGS)", "S: $3 OK"},
                     [](Session& session) {
                       session.fetch_flags(UidSet(Uid{1}, Uid{60}));
                       CHECK(session.most_uids() == 50);
                       CHECK(session.quirks().most_connections == 2);
                     }) == Script::none);
}

TEST_CASE("Gmail: mailboxes are labels", "[session][quirks]") {
  CHECK(play_negotiated("IMAP4rev1 X-GM-EXT-1", {}, [](Session& session) {
          CHECK(session.quirks().mailboxes_are_labels);
          CHECK(session.quirks().most_connections == 15);
        }) == Script::none);
}

TEST_CASE("Proton Bridge: a UID may come to mean another message", "[session][quirks]") {
  CHECK(greeted("Proton Mail Bridge 03.04.02 - gluon session ID 1").uids_may_change);
}

TEST_CASE("hMailServer: no ranges", "[session][quirks]") {
  CHECK(play_greeted("IMAPrev1", "IMAP4", {}, [](Session& session) {
          tests::RecordingSink sink;
          CHECK_FALSE(session.fetch_range(Uid{1}, 0, 10, sink));
        }) == Script::none);
}

TEST_CASE("UW: only the first level and what is subscribed is listed", "[session][quirks]") {
  CHECK(play_greeted("[CAPABILITY IMAP4REV1] mail.example.org IMAP4rev1 2007f.404 at Mon, 23 Nov",
                     "IMAP4rev1",
                     {"C: $2 LIST \"\" \"%\"", "S: * LIST (\\NoInferiors) NIL INBOX",
                      "S: * LIST (\\NoSelect) \"/\" mail", "S: $2 OK", "C: $3 LSUB \"\" \"*\"",
                      "S: * LSUB () \"/\" mail/work", "S: * LSUB () \"/\" INBOX", "S: $3 OK"},
                     [](Session& session) {
                       const auto rows = session.list();
                       REQUIRE(rows.size() == 3);
                       CHECK(rows[2].name == "mail/work");
                       CHECK(rows[2].subscribed);
                     }) == Script::none);
}

TEST_CASE("GreenMail and mail.ru: numbers are read from any server", "[session][quirks]") {
  CHECK(play_negotiated("IMAP4rev1",
                        {"C: $2 EXAMINE \"a\"", "S: * OK [UIDVALIDITY 1760000000000]", "S: $2 OK",
                         "C: $3 STATUS \"a\" (MESSAGES UIDNEXT UIDVALIDITY UNSEEN)",
                         "S: * STATUS a (UIDVALIDITY 1760000000000 SIZE 9.3736e+06)", "S: $3 OK"},
                        [](Session& session) {
                          CHECK(session.examine("a", kAgain).uid_validity.value ==
                                1'760'000'000'000);
                          const auto row = session.status("a");
                          CHECK(row.uid_validity == 1'760'000'000'000U);
                          CHECK(row.size == 9'373'600U);
                        }) == Script::none);
}
