#include "imap/base/errors.h"
#include "tests/support/catch.h"
#include "tests/support/sessions.h"

using imap::Deadline;
using imap::Session;
using tests::play;
using tests::Script;

namespace {

const std::string kNotify =
    " NOTIFY SET STATUS (SELECTED-DELAYED (MessageNew MessageExpunge FlagChange)) ";
const std::string kAll =
    "(PERSONAL (MessageNew MessageExpunge FlagChange MailboxName SubscriptionChange))";

/// Takes in what the server says until `enough` holds, or ten seconds have passed.
template <class Enough>
void digest_until(Session& session, const Enough& enough) {
  const imap::WakeFd never;
  const auto deadline = Deadline::after(std::chrono::seconds(10));
  while (!enough() && session.wait(deadline, never) == imap::Stream::Wait::readable) {
    session.digest();
  }
}

}  // namespace

TEST_CASE("IDLE tells what happens until it is left", "[session][idle]") {
  CHECK(play("IDLE",
             {"C: $2 SELECT \"a\"", "S: * 3 EXISTS", "S: $2 OK", "C: $3 IDLE", "S: * 4 EXISTS",
              "S: + idling", "S: * OK Still here", "S: * 5 EXISTS", "C: DONE", "S: * 2 EXPUNGE",
              "S: $3 OK done", "C: $4 NOOP", "S: $4 OK"},
             [](Session& session) {
               session.select("a", Session::Refresh::no);
               session.idle();
               CHECK(session.is_idling());
               digest_until(session, [&] { return session.selected()->exists == 5; });
               session.end_idle();
               session.end_idle();
               CHECK_FALSE(session.is_idling());
               CHECK(session.selected()->exists == 4);
               session.noop();
             }) == Script::none);
}

TEST_CASE("a command leaves IDLE first", "[session][idle]") {
  CHECK(play("IDLE",
             {"C: $2 IDLE", "S: +", "C: DONE", "S: $2 OK", "C: $3 NOOP", "S: $3 OK", "C: $4 IDLE",
              "S: +", "C: DONE", "S: $4 OK", "C: $5 IDLE", "S: +", "C: DONE", "C: $6 LOGOUT"},
             [](Session& session) {
               session.idle();
               session.noop();
               session.idle();
               session.idle();
               session.logout();
             }) == Script::none);
}

TEST_CASE("IDLE ended by the server without DONE is entered again", "[session][idle]") {
  CHECK(play("IDLE",
             {"C: $2 IDLE", "S: + ", "S: $2 OK timeout", "C: $3 IDLE", "S: + ", "C: DONE",
              "S: $3 OK"},
             [](Session& session) {
               session.idle();
               digest_until(session, [&] { return !session.is_idling(); });
               CHECK_FALSE(session.is_idling());
               session.idle();
               session.end_idle();
             }) == Script::none);
}

TEST_CASE("a refused IDLE leaves the session whole", "[session][idle]") {
  CHECK(play("IDLE",
             {"C: $2 IDLE", "S: $2 NO not now", "C: $3 IDLE", "S: $3 BAD what", "C: $4 NOOP",
              "S: $4 OK"},
             [](Session& session) {
               CHECK_THROWS_AS(session.idle(), imap::CommandError);
               CHECK_THROWS_AS(session.idle(), imap::CommandError);
               CHECK_FALSE(session.is_idling());
               session.noop();
             }) == Script::none);
  CHECK(play("IMAP4rev1", {}, [](Session& session) {  // Yahoo
          CHECK_THROWS_AS(session.idle(), imap::UnsupportedError);
        }) == Script::none);
}

TEST_CASE("a server that hangs up in IDLE ends the session", "[session][idle]") {
  CHECK(play("IDLE", {"C: $2 IDLE", "S: + ", "S: * BYE see you"}, [](Session& session) {
          session.idle();
          CHECK_THROWS_AS(digest_until(session, [] { return false; }), imap::ConnectionError);
          CHECK_FALSE(session.is_usable());
        }) == Script::none);
}

TEST_CASE("NOTIFY tells of all mailboxes", "[session][notify]") {
  CHECK(play("NOTIFY",
             {"C: $2" + kNotify + kAll, "S: * STATUS a (MESSAGES 3 UIDNEXT 9 UIDVALIDITY 7)",
              "S: $2 OK", "C: $3 NOOP", "S: * STATUS a (UIDVALIDITY 7 HIGHESTMODSEQ 55)",
              "S: * LIST () \"/\" new", "S: $3 OK",
              "C: $4 STATUS \"b\" (MESSAGES UIDNEXT UIDVALIDITY UNSEEN)",
              "S: * STATUS b (MESSAGES 1)", "S: $4 OK"},
             [](Session& session) {
               CHECK(session.notify());
               session.noop();
               session.status("b");
               const auto updates = session.take_updates();
               CHECK(updates.folders_changed);
               REQUIRE(updates.statuses.size() == 1);
               CHECK(updates.statuses.at("a").messages == 3U);
               CHECK(updates.statuses.at("a").highest_modseq == 55U);
               CHECK_FALSE(updates.overflow);
             }) == Script::none);
}

TEST_CASE("after an overflow the server tells nothing more", "[session][notify]") {
  CHECK(play("NOTIFY",
             {"C: $2" + kNotify + kAll, "S: $2 OK", "C: $3 NOOP",
              "S: * OK [NOTIFICATIONOVERFLOW] too much", "S: $3 OK"},
             [](Session& session) {
               CHECK(session.notify());
               session.noop();
               CHECK_FALSE(session.is_notifying());
               CHECK(session.take_updates().overflow);
             }) == Script::none);
}

TEST_CASE("NOTIFY asks for less of a server that knows less", "[session][notify]") {
  const std::string less = "(PERSONAL (MessageNew MessageExpunge))";
  CHECK(play("NOTIFY",
             {"C: $2" + kNotify + kAll, "S: $2 NO [BADEVENT (MessageNew MessageExpunge)] no",
              "C: $3" + kNotify + less, "S: $3 OK"},
             [](Session& session) { CHECK(session.notify()); }) == Script::none);
  CHECK(play("NOTIFY",
             {"C: $2" + kNotify + kAll, "S: $2 BAD no", "C: $3" + kNotify + less, "S: $3 BAD no"},
             [](Session& session) { CHECK_FALSE(session.notify()); }) == Script::none);
  CHECK(play("NOTIFY", {"C: $2" + kNotify + kAll, "S: $2 NO [NOTIFICATIONOVERFLOW] too much"},
             [](Session& session) { CHECK_FALSE(session.notify()); }) == Script::none);
  CHECK(play("IDLE", {}, [](Session& session) { CHECK_FALSE(session.notify()); }) == Script::none);
}
