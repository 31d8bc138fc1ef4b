#include "imap/base/errors.h"
#include "tests/support/catch.h"
#include "tests/support/sessions.h"

#include <string>

using namespace std::string_literals;
using imap::CommandError;
using imap::Session;
using tests::after_login;
using tests::open_session;
using tests::Script;
using Names = std::vector<std::string>;

namespace {

Names names_of(const std::vector<imap::ListRow>& rows) {
  Names names;
  for (const auto& row : rows) names.push_back(row.name);
  return names;
}

Names listed(Script::Lines rows) {
  rows.insert(rows.begin(), "C: $2 LIST \"\" \"*\"");
  rows.emplace_back("S: $2 OK");
  Script script(after_login("IMAP4rev1", rows));
  const auto session = open_session(script);
  auto names = names_of(session->list());
  CHECK(script.deviations() == Script::none);
  return names;
}

imap::Namespace space_of(const std::string& response) {
  Script script(
      after_login("NAMESPACE", {"C: $2 NAMESPACE", "S: * NAMESPACE " + response, "S: $2 OK"}));
  const auto session = open_session(script);
  auto space = session->personal_namespace({});
  CHECK(script.deviations() == Script::none);
  return space;
}

const Script::Lines kExamined{"C: $2 EXAMINE \"INBOX\"",
                              "S: * FLAGS (\\Seen)",
                              "S: * 172 EXISTS",
                              "S: * 1 RECENT",
                              "S: * OK [UNSEEN 12] Message 12 is first unseen",
                              "S: * OK [UIDVALIDITY 3857529045]",
                              "S: * OK [UIDNEXT 4392] Predicted next UID",
                              "S: * OK [PERMANENTFLAGS ()] No permanent flags",
                              "S: * OK [HIGHESTMODSEQ 715194045007]",
                              "S: $2 OK [READ-ONLY] done"};

}  // namespace

TEST_CASE("the first personal namespace is the one", "[session][namespace]") {
  CHECK(space_of("((\"INBOX.\" \".\")(\"x\" \"/\")) NIL NIL").prefix == "INBOX.");
  CHECK(space_of("((\"\" NIL)) NIL NIL").delimiter == std::nullopt);
  CHECK(space_of("NIL NIL ((\"Shared/\" \"/\"))").prefix.empty());
}

TEST_CASE("the namespace comes in the same round trip as the list, and once",
          "[session][namespace]") {
  CHECK(tests::play(
            "NAMESPACE",
            {"C: $2 NAMESPACE", "C: $3 LIST \"\" \"*\"",
             "S: * NAMESPACE ((\"INBOX.\" \".\")) NIL NIL", "S: $2 OK", "S: * LIST () \".\" INBOX",
             "S: $3 OK", "C: $4 LIST \"\" \"*\"", "S: * LIST () \".\" INBOX", "S: $4 OK"},
            [](Session& session) {
              for (int i = 0; i < 2; ++i) {
                const auto listed = session.list({.hierarchy = true});
                CHECK(session.personal_namespace(listed).prefix == "INBOX.");
              }
            }) == Script::none);
}

TEST_CASE("a server without NAMESPACE is not asked: what it lists tells", "[session][namespace]") {
  Script script(after_login("IMAP4rev1", {}));
  const auto session = open_session(script);
  const auto guessed = [&](const Names& names) {
    std::vector<imap::ListRow> rows;
    for (const auto& name : names) rows.push_back({{}, '.', name});
    return session->personal_namespace(rows).prefix;
  };
  CHECK(guessed({"INBOX", "INBOX.Sent", "INBOX.Lists.Choir"}) == "INBOX.");
  CHECK(guessed({"INBOX"}).empty());
  CHECK(guessed({"INBOX", "INBOX.Sent", "Shared"}).empty());
  CHECK(guessed({"INBOX", "INBOXES"}).empty());
  CHECK(session->personal_namespace({{{}, std::nullopt, "Sent"}}).prefix.empty());
  CHECK(script.deviations() == Script::none);
}

TEST_CASE("LIST gives all mailboxes in the server's order", "[session][list]") {
  CHECK(listed({"S: * LIST (\\HasNoChildren) \"/\" \"INBOX\"", "S: * 3 EXISTS",
                "S: * LIST () \"/\" Sent Items", "S: * LIST () \"/\" {3}", "S: a\"b"}) ==
        Names{"INBOX", "Sent Items", "a\"b"});
}

TEST_CASE("INBOX is there and spelled so, whatever the server says", "[session][list]") {
  CHECK(listed({"S: * LIST () \"/\" Inbox", "S: * LIST () \"/\" Inbox/x"}) ==
        Names{"INBOX", "Inbox/x"});
  CHECK(listed({"S: * LIST () \"/\" Other"}) == Names{"Other", "INBOX"});  // strato.de
  CHECK(listed({}) == Names{"INBOX"});
  CHECK(listed({"S: * LIST () NIL flat", "S: * LIST () \"/\" \"\""}) == Names{"flat", "INBOX"});
}

TEST_CASE("a row of LIST that makes no sense does not hide the others", "[session][list]") {
  CHECK(listed({"S: * LIST (() \"/\" broken", "S: * LIST () \"/\" whole"}) ==
        Names{"whole", "INBOX"});
}

TEST_CASE("a session whose answer was not taken in to its end is dead", "[session][list]") {
  Script::Lines lines{"C: $2 LIST \"\" \"*\""};
  std::string rows;
  for (int i = 0; i < 50'001; ++i) rows += "* LIST () NIL x" + std::to_string(i) + "\r\n";
  lines.push_back("S+ " + rows);
  lines.emplace_back("S! silence");
  Script script(after_login("IMAP4rev1", lines));
  const auto session = open_session(script);
  CHECK_THROWS_AS(session->list(), imap::LimitError);
  CHECK_FALSE(session->is_usable());
}

TEST_CASE("EXAMINE gives what the server says of the mailbox", "[session][examine]") {
  Script script(after_login("IMAP4rev1", kExamined));
  const auto session = open_session(script);
  const auto& mailbox = session->examine("INBOX", Session::Refresh::no);
  CHECK(mailbox.name == "INBOX");
  CHECK(mailbox.exists == 172);
  CHECK(mailbox.uid_validity == imap::UidValidity{3857529045});
  CHECK(mailbox.uid_next == imap::Uid{4392});
  CHECK(mailbox.highest_modseq == imap::ModSeq{715194045007});
  CHECK(mailbox.read_only);
  CHECK(session->examine("INBOX", Session::Refresh::no).exists == 172);
  CHECK(script.deviations() == Script::none);
}

TEST_CASE("a mailbox is opened again only on demand", "[session][examine]") {
  auto lines = kExamined;
  lines.insert(lines.end(), {"C: $3 EXAMINE \"INBOX\"", "S: * 173 EXISTS", "S: $3 OK"});
  Script script(after_login("IMAP4rev1", lines));
  const auto session = open_session(script);
  session->examine("INBOX", Session::Refresh::no);
  const auto& mailbox = session->examine("INBOX", Session::Refresh::yes);
  CHECK(mailbox.exists == 173);
  CHECK(mailbox.uid_next == imap::Uid{});
  CHECK(script.deviations() == Script::none);
}

TEST_CASE("a refused EXAMINE leaves no mailbox open", "[session][examine]") {
  auto lines = kExamined;
  lines.insert(lines.end(), {"C: $3 EXAMINE \"gone\"", "S: $3 NO [NONEXISTENT] no such mailbox"});
  Script script(after_login("IMAP4rev1", lines));
  const auto session = open_session(script);
  session->examine("INBOX", Session::Refresh::no);
  try {
    session->examine("gone", Session::Refresh::no);
    FAIL("accepted");
  } catch (const CommandError& error) {
    CHECK(error.status() == CommandError::Status::no);
    CHECK(error.code() == "NONEXISTENT");
    CHECK(error.what() == "EXAMINE: NO [NONEXISTENT] no such mailbox"s);
  }
  CHECK_FALSE(session->selected());
  CHECK(session->is_usable());
  CHECK(script.deviations() == Script::none);
}

TEST_CASE("a name that quotes cannot hold is sent as a literal", "[session][examine]") {
  Script script(after_login(
      "IMAP4rev1", {"C: $2 EXAMINE {4}", "S: + go", "C+ caf\xe9", "C: ", "S: $2 OK",
                    "C: $3 EXAMINE {3}", "S: $3 NO [CANNOT] no", "C: $4 NOOP", "S: $4 OK"}));
  const auto session = open_session(script);
  session->examine("caf\xe9", Session::Refresh::no);
  CHECK_THROWS_AS(session->examine("a\xe9\xe8", Session::Refresh::no), CommandError);
  session->noop();
  CHECK_THROWS_AS(session->examine("\0"s, Session::Refresh::no), std::invalid_argument);
  CHECK(session->is_usable());
  CHECK(script.deviations() == Script::none);
}

TEST_CASE("a mailbox is kept up to date by what is said unasked", "[session][examine]") {
  auto lines = kExamined;
  lines.insert(lines.end(), {"C: $3 NOOP", "S: * 174 EXISTS", "S: * 3 EXPUNGE", "S: * VANISHED 7:8",
                             "S: * VANISHED (EARLIER) 1:100", "S: * OK [UIDNEXT 4394]",
                             "S: * BAD [X] nothing of ours", "S: $3 OK", "C: $4 NOOP",
                             "S: * VANISHED 1:4294967295", "S: * 3 EXPUNGE", "S: $4 OK"});
  Script script(after_login("IMAP4rev1", lines));
  const auto session = open_session(script);
  session->examine("INBOX", Session::Refresh::no);
  session->noop();
  CHECK(session->selected()->exists == 171);
  CHECK(session->selected()->uid_next == imap::Uid{4394});
  session->noop();
  CHECK(session->selected()->exists == 0);
  CHECK(script.deviations() == Script::none);
}
