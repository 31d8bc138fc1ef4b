#include "imap/base/errors.h"
#include "tests/support/catch.h"
#include "tests/support/sessions.h"

using imap::Deadline;
using imap::Session;
using tests::play;
using tests::play_negotiated;
using tests::Script;

namespace {

const std::string kNotify = " NOTIFY SET STATUS (SELECTED (MessageNew MessageExpunge FlagChange)) ";
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

TEST_CASE("a command leaves IDLE and does not wait for that", "[session][idle]") {
  CHECK(play("IDLE",
             {"C: $2 IDLE", "S: +", "C: DONE", "C: $3 NOOP", "S: $2 OK", "S: $3 OK", "C: $4 IDLE",
              "S: +", "C: DONE", "C: $5 IDLE", "S: $4 OK", "S: +", "C: DONE", "C: $6 LOGOUT"},
             [](Session& session) {
               session.idle();
               session.noop();
               session.idle();
               session.idle();
               session.logout();
             }) == Script::none);
}

TEST_CASE("what comes before the answer to IDLE is of the mailbox that was open",
          "[session][idle]") {
  for (const bool qresync : {false, true}) {
    const auto told = [](Session& session) {
      session.examine("a", Session::Refresh::no);
      session.idle();
      session.examine("b", Session::Refresh::no);
      CHECK(session.selected()->exists == 2);
      CHECK(session.selected()->name == "b");
      const auto updates = session.take_updates();
      REQUIRE(updates.mailboxes.size() == 1);
      CHECK(updates.mailboxes.front().mailbox == "a");
      CHECK(updates.mailboxes.front().exists_changed);
      CHECK(updates.mailboxes.front().expunged == 1);
    };
    if (qresync) {
      CHECK(play_negotiated(
                "IDLE ENABLE CONDSTORE QRESYNC",
                {"C: $2 ENABLE CONDSTORE QRESYNC", "S: * ENABLED CONDSTORE QRESYNC", "S: $2 OK",
                 "C: $3 EXAMINE \"a\"", "S: * 5 EXISTS", "S: $3 OK", "C: $4 IDLE", "S: +",
                 "C: DONE", "C: $5 EXAMINE \"b\"", "S: * 6 EXISTS", "S: $4 OK", "S: * 1 EXPUNGE",
                 "S: * OK [CLOSED] previous", "S: * 2 EXISTS", "S: $5 OK"},
                told) == Script::none);
    } else {
      CHECK(play("IDLE",
                 {"C: $2 EXAMINE \"a\"", "S: * 5 EXISTS", "S: $2 OK", "C: $3 IDLE", "S: +",
                  "C: DONE", "C: $4 EXAMINE \"b\"", "S: * 6 EXISTS", "S: * 1 EXPUNGE", "S: $3 OK",
                  "S: * 2 EXISTS", "S: $4 OK"},
                 told) == Script::none);
    }
  }
}

TEST_CASE("DONE that crosses the end of IDLE harms nothing", "[session][idle]") {
  CHECK(play("IDLE",
             {"C: $2 IDLE", "S: +", "S: $2 OK timeout", "C: DONE", "C: $3 NOOP",
              "S: DONE BAD Unknown command", "S: $3 OK"},
             [](Session& session) {
               session.idle();
               session.noop();
               CHECK_FALSE(session.is_idling());
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

TEST_CASE("a refused IDLE leaves the session whole and is not asked for again", "[session][idle]") {
  CHECK(play("IDLE", {"C: $2 IDLE", "S: $2 BAD what", "C: $3 NOOP", "S: $3 OK"},
             [](Session& session) {
               CHECK(session.can_idle());
               CHECK_THROWS_AS(session.idle(), imap::CommandError);
               CHECK_FALSE(session.is_idling());
               CHECK_FALSE(session.can_idle());  // it is not asked for again
               CHECK_THROWS_AS(session.idle(), imap::UnsupportedError);
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

TEST_CASE("NOTIFY may spell mailboxes in UTF-8", "[session][notify]") {
  // Dovecot 2.3, by experiment.
  CHECK(play("NOTIFY",
             {"C: $2" + kNotify + kAll, "S: * STATUS R&D97 (MESSAGES 3)",
              "S: * STATUS F\xC3\xBC\xC3\x9F"
              "e (MESSAGES 4)",
              "S: * STATUS R&-D98 (MESSAGES 5)", "S: $2 OK"},
             [](Session& session) {
               CHECK(session.notify());
               const auto statuses = session.take_updates().statuses;
               REQUIRE(statuses.size() == 3);
               CHECK(statuses.at("R&-D97").messages == 3U);
               CHECK(statuses.at("F&APwA3w-e").name == "F&APwA3w-e");
               CHECK(statuses.at("R&-D98").messages == 5U);
             }) == Script::none);
}

TEST_CASE("NOTIFY and IDLE together tell all of the open mailbox", "[session][notify]") {
  // Dovecot 2.3, by experiment, half a second after another client has done it. With NOTIFY and no
  // IDLE a new message of the open mailbox waits for whatever is said next, and with
  // SELECTED-DELAYED an EXPUNGE for the next command; other mailboxes are told of in any case.
  CHECK(play_negotiated("IDLE NOTIFY ENABLE CONDSTORE QRESYNC",
                        {"C: $2 ENABLE CONDSTORE QRESYNC",
                         "S: * ENABLED CONDSTORE QRESYNC",
                         "S: $2 OK",
                         "C: $3" + kNotify + kAll,
                         "S: * STATUS oth (MESSAGES 0 UIDNEXT 4 UIDVALIDITY "
                         "1795443917 UNSEEN 0 HIGHESTMODSEQ 13)",
                         "S: $3 OK NOTIFY completed (0.002 secs).",
                         "C: $4 EXAMINE \"exp\"",
                         "S: * 2 EXISTS",
                         "S: * OK [UIDVALIDITY 1795443916] UIDs valid",
                         "S: $4 OK [READ-ONLY] Examine completed",
                         "C: $5 IDLE",
                         "S: + idling",
                         "S: * 3 EXISTS",
                         "S: * OK [HIGHESTMODSEQ 28] Highest",
                         "S: * 1 FETCH (UID 10 MODSEQ (29) FLAGS (\\Seen))",
                         "S: * VANISHED 10",
                         "S: * OK [HIGHESTMODSEQ 31] Highest",
                         "S: * STATUS oth (MESSAGES 1 UIDNEXT 5 UNSEEN 1 HIGHESTMODSEQ 14)",
                         "S: * LIST (\\HasNoChildren) \"/\" newbox",
                         "C: DONE",
                         "C: $6 NOOP",
                         "S: $5 OK Idle completed (16.079 + 16.077 + 16.078 secs).",
                         "S: $6 OK NOOP completed (0.001 + 0.000 secs)."},
                        [](Session& session) {
                          CHECK(session.notify());
                          CHECK(session.take_updates().statuses.at("oth").uid_next == 4U);
                          session.examine("exp", Session::Refresh::no);
                          session.idle();
                          session.noop();
                          const auto updates = session.take_updates();
                          REQUIRE(updates.mailboxes.size() == 1);
                          const auto& exp = updates.mailboxes.front();
                          CHECK(exp.mailbox == "exp");
                          CHECK(exp.exists_changed);
                          CHECK(exp.flags.contains(imap::Uid{10}));
                          CHECK(exp.vanished == imap::UidSet(imap::Uid{10}));
                          CHECK(updates.statuses.at("oth").messages == 1U);
                          CHECK(updates.folders_changed);
                          CHECK(session.selected()->exists == 2);
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
