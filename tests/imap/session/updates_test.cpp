#include "imap/base/errors.h"
#include "tests/support/catch.h"
#include "tests/support/sessions.h"

#include <string>

using imap::ModSeq;
using imap::ResyncPoint;
using imap::Session;
using imap::Uid;
using imap::UidSet;
using imap::UidValidity;
using tests::play;
using tests::play_negotiated;
using tests::Script;

namespace {

constexpr auto kAgain = Session::Refresh::yes;
const std::string kClassA = "ENABLE QRESYNC CONDSTORE";
const Script::Lines kEnabled{"C: $2 ENABLE CONDSTORE QRESYNC", "S: * ENABLED CONDSTORE QRESYNC",
                             "S: $2 OK"};

template <class Act>
std::string play_resync(const Script::Lines& lines, const Act& act) {
  auto all = kEnabled;
  all.insert(all.end(), lines.begin(), lines.end());
  return play_negotiated(kClassA, all, act);
}

ResyncPoint point(std::uint64_t modseq, const UidSet& known = {}) {
  return {UidValidity{7}, ModSeq{modseq}, known};
}

}  // namespace

TEST_CASE("QRESYNC brings what has changed since", "[session][qresync]") {
  CHECK(play_resync(
            {"C: $3 SELECT \"INBOX\" (QRESYNC (7 900 1:40))", "S: * 3 EXISTS",
             "S: * OK [UIDVALIDITY 7]", "S: * OK [UIDNEXT 42]", "S: * OK [HIGHESTMODSEQ 950]",
             "S: * VANISHED (EARLIER) 0:5,41", "S: * 1 FETCH (UID 6 FLAGS (\\Seen) MODSEQ (940))",
             "S: * 2 FETCH (FLAGS () UID 7 MODSEQ (0))", "S: $3 OK [READ-WRITE]"},
            [](Session& session) {
              const auto& box =
                  session.select("INBOX", kAgain, point(900, UidSet(Uid{1}, Uid{40})));
              CHECK(box.exists == 3);
              CHECK(box.highest_modseq == ModSeq{950});
              const auto updates = session.take_updates();
              REQUIRE(updates.mailboxes.size() == 1);
              const auto& news = updates.mailboxes[0];
              CHECK(news.mailbox == "INBOX");
              CHECK(news.uid_validity == UidValidity{7});
              CHECK(news.vanished.to_string() == "1:5,41");
              CHECK(news.flags.at(Uid{6}).flags.has(imap::Flags::seen));
              CHECK(news.flags.at(Uid{6}).modseq == ModSeq{940});
              CHECK(news.flags.at(Uid{7}).modseq == ModSeq{});
              CHECK_FALSE(news.exists_changed);
              CHECK(session.take_updates().empty());
            }) == Script::none);
}

TEST_CASE("QRESYNC is asked for only with a point to go from", "[session][qresync]") {
  UidSet odd;
  for (std::uint32_t uid = 1; uid < 90; uid += 2) odd.add(Uid{uid});
  CHECK(play_resync({"C: $3 SELECT \"a\"", "S: $3 OK", "C: $4 SELECT \"a\"", "S: $4 OK",
                     "C: $5 SELECT \"a\" (QRESYNC (7 9 1:89))", "S: $5 OK",
                     "C: $6 EXAMINE \"a\" (QRESYNC (7 9))", "S: $6 BAD no"},
                    [&](Session& session) {
                      session.select("a", kAgain, point(0));
                      session.select("a", kAgain, ResyncPoint{{}, ModSeq{9}, {}});
                      session.select("a", kAgain, point(9, odd));
                      CHECK_THROWS_AS(session.examine("a", kAgain, point(9)), imap::CommandError);
                      CHECK_FALSE(session.selected());
                    }) == Script::none);
}

TEST_CASE("without QRESYNC mod-sequences are asked for", "[session][condstore]") {
  CHECK(play("CONDSTORE",
             {"C: $2 SELECT \"a\" (CONDSTORE)", "S: * OK [HIGHESTMODSEQ 5]", "S: $2 OK",
              "C: $3 SELECT \"b\" (CONDSTORE)", "S: * OK [NOMODSEQ] Sorry", "S: $3 OK"},
             [](Session& session) {
               CHECK(session.select("a", kAgain, point(3)).highest_modseq == ModSeq{5});
               CHECK(session.select("b", kAgain, point(3)).highest_modseq == ModSeq{});
             }) == Script::none);
}

TEST_CASE("what comes before CLOSED is news of the other mailbox", "[session][qresync]") {
  CHECK(play_resync({"C: $3 SELECT \"a\"", "S: * 9 EXISTS", "S: * OK [UIDVALIDITY 3]", "S: $3 OK",
                     "C: $4 SELECT \"b\"", "S: * VANISHED 4", "S: * OK [CLOSED]", "S: * 2 EXISTS",
                     "S: * OK [UIDVALIDITY 7]", "S: * VANISHED 1", "S: $4 OK"},
                    [](Session& session) {
                      session.select("a", kAgain);
                      session.select("b", kAgain);
                      const auto updates = session.take_updates();
                      REQUIRE(updates.mailboxes.size() == 2);
                      CHECK(updates.mailboxes[0].mailbox == "a");
                      CHECK(updates.mailboxes[0].uid_validity == UidValidity{3});
                      CHECK(updates.mailboxes[0].vanished.to_string() == "4");
                      CHECK(updates.mailboxes[1].mailbox == "b");
                      CHECK(updates.mailboxes[1].vanished.to_string() == "1");
                    }) == Script::none);
}

TEST_CASE("news of a mailbox survives that another cannot be opened", "[session][qresync]") {
  CHECK(play_resync(
            {"C: $3 SELECT \"a\"", "S: * OK [UIDVALIDITY 3]", "S: $3 OK", "C: $4 SELECT \"b\"",
             "S: * VANISHED 4", "S: $4 NO no such mailbox", "C: $5 SELECT \"a\"",
             "S: * OK [UIDVALIDITY 3]", "S: $5 OK", "C: $6 SELECT \"b\"", "S: * VANISHED 5",
             "S: * OK [CLOSED]", "S: * VANISHED 1", "S: $6 NO no such mailbox"},
            [](Session& session) {
              for (const auto* gone : {"4", "5"}) {
                session.select("a", kAgain);
                CHECK_THROWS_AS(session.select("b", kAgain), imap::CommandError);
                const auto updates = session.take_updates();
                REQUIRE(updates.mailboxes.size() == 1);
                CHECK(updates.mailboxes[0].mailbox == "a");
                CHECK(updates.mailboxes[0].uid_validity == UidValidity{3});
                CHECK(updates.mailboxes[0].vanished.to_string() == gone);
              }
            }) == Script::none);
}

TEST_CASE("a CLOSED that nobody expects takes no news away", "[session][qresync]") {
  CHECK(play("UNSELECT",
             {"C: $2 SELECT \"a\"", "S: * OK [CLOSED] odd", "S: * OK [UIDVALIDITY 3]", "S: $2 OK",
              "C: $3 UNSELECT", "S: * VANISHED 4", "S: * OK [CLOSED]", "S: $3 OK"},
             [](Session& session) {
               session.select("a", kAgain);
               session.unselect();
               const auto updates = session.take_updates();
               REQUIRE(updates.mailboxes.size() == 1);
               CHECK(updates.mailboxes[0].mailbox == "a");
               CHECK(updates.mailboxes[0].uid_validity == UidValidity{3});
               CHECK(updates.mailboxes[0].vanished.to_string() == "4");
             }) == Script::none);
}

TEST_CASE("news comes on any command and is kept when another mailbox is opened",
          "[session][updates]") {
  // Fastmail says VANISHED once (Mailspring-Sync#98).
  CHECK(play_resync({"C: $3 EXAMINE \"a\"", "S: * 9 EXISTS", "S: $3 OK", "C: $4 UID SEARCH UID 1:3",
                     "S: * VANISHED 2", "S: * SEARCH 1 3", "S: $4 OK",
                     "C: $5 UID FETCH 3 (UID BODY.PEEK[])", "S: * VANISHED 8",
                     "S: * 1 FETCH (FLAGS (\\Seen) UID 1)", "S: * 10 EXISTS", "S: $5 OK",
                     "C: $6 EXAMINE \"b\"", "S: * OK [CLOSED]", "S: $6 OK"},
                    [](Session& session) {
                      session.examine("a", kAgain);
                      session.search(UidSet(Uid{1}, Uid{3}));
                      tests::RecordingSink sink;
                      session.fetch_bodies(UidSet(Uid{3}), sink);
                      session.examine("b", kAgain);
                      const auto updates = session.take_updates();
                      REQUIRE(updates.mailboxes.size() == 1);
                      CHECK(updates.mailboxes[0].vanished.to_string() == "2,8");
                      CHECK(updates.mailboxes[0].flags.size() == 1);
                      CHECK(updates.mailboxes[0].exists_changed);
                    }) == Script::none);
}

TEST_CASE("flags of a message that has no name leave the news incomplete", "[session][updates]") {
  CHECK(
      play("IMAP4rev1",
           {"C: $2 EXAMINE \"a\"", "S: $2 OK", "C: $3 NOOP", "S: * 1 FETCH (FLAGS ())", "S: $3 OK"},
           [](Session& session) {
             session.examine("a", kAgain);
             CHECK(session.take_updates().empty());
             session.noop();
             CHECK(session.take_updates().mailboxes.at(0).incomplete);
           }) == Script::none);
}

TEST_CASE("news is kept up to the limit and then known to be incomplete",
          "[session][updates][limits]") {
  for (const std::size_t most : {2, 1}) {
    Script script(tests::after_login(
        "IMAP4rev1",
        {"C: $2 EXAMINE \"a\"", "S: $2 OK", "C: $3 NOOP", "S: * 1 FETCH (UID 1 FLAGS ())",
         "S: * 2 FETCH (UID 2 FLAGS ())", "S: * 1 FETCH (UID 1 FLAGS (x))", "S: $3 OK"}));
    auto settings = tests::patient();
    settings.limits.list_items = most;
    const auto session = tests::open_session(script, settings);
    session->examine("a", kAgain);
    session->noop();
    const auto news = session->take_updates().mailboxes.at(0);
    CHECK(news.flags.size() == most);
    CHECK(news.incomplete == (most == 1));
    CHECK(news.flags.at(Uid{1}).flags.keywords.size() == 1);
  }
}

TEST_CASE("the watermark moves with tagged answers only", "[session][modseq]") {
  CHECK(play_resync({"C: $3 SELECT \"a\"", "S: * OK [HIGHESTMODSEQ 100]", "S: $3 OK", "C: $4 NOOP",
                     "S: * 1 FETCH (UID 1 FLAGS () MODSEQ (130))",
                     "S: * 2 FETCH (UID 2 FLAGS () MODSEQ (120))", "S: $4 OK", "C: $5 NOOP",
                     "S: * 1 FETCH (UID 1 FLAGS () MODSEQ (150))",
                     "S: $5 OK [HIGHESTMODSEQ 140] lower than a row", "C: $6 NOOP",
                     "S: * 1 FETCH (UID 1 FLAGS () MODSEQ -1)", "S: $6 OK"},
                    [](Session& session) {
                      session.select("a", kAgain);
                      session.noop();
                      CHECK(session.selected()->highest_modseq == ModSeq{130});
                      session.noop();
                      CHECK(session.selected()->highest_modseq == ModSeq{140});
                      session.noop();
                      CHECK(session.selected()->highest_modseq == ModSeq{140});
                    }) == Script::none);
}

TEST_CASE("flags that changed since are asked for with what vanished", "[session][flags]") {
  CHECK(play_resync({"C: $3 SELECT \"a\"", "S: * OK [HIGHESTMODSEQ 100]", "S: $3 OK",
                     "C: $4 UID FETCH 1:4294967295 (UID FLAGS) (CHANGEDSINCE 90 VANISHED)",
                     "S: * VANISHED (EARLIER) 3", "S: * 1 FETCH (UID 1 FLAGS (\\Seen) MODSEQ (95))",
                     "S: $4 OK"},
                    [](Session& session) {
                      session.select("a", kAgain);
                      const auto found =
                          session.fetch_flags(UidSet(Uid{1}, imap::kMaxUid), ModSeq{90});
                      REQUIRE(found.size() == 1);
                      CHECK(found.at(Uid{1}).modseq == ModSeq{95});
                      const auto news = session.take_updates().mailboxes.at(0);
                      CHECK(news.vanished.to_string() == "3");
                      CHECK(news.flags.empty());
                    }) == Script::none);
}

TEST_CASE("flags are asked for in full where nothing is known of changes", "[session][flags]") {
  CHECK(play("MESSAGELIMIT=2",
             {"C: $2 SELECT \"a\"", "S: $2 OK", "C: $3 UID FETCH 1:2 (UID FLAGS)",
              "S: * 1 FETCH (UID 2 FLAGS ())", "S: $3 OK [MESSAGELIMIT 1 2] partly",
              "C: $4 UID FETCH 3 (UID FLAGS)", "S: * 9 FETCH (UID 9 FLAGS ())", "S: $4 OK",
              "C: $5 UID FETCH 1 (UID FLAGS)", "S: * 1 FETCH (UID 1 FLAGS ())", "S: $5 OK",
              "C: $6 UID FETCH 3 (UID FLAGS)", "S: $6 BAD no"},
             [](Session& session) {
               session.select("a", kAgain);
               CHECK(session.fetch_flags(UidSet(Uid{1}, Uid{3}), ModSeq{5}).size() == 2);
               CHECK_THROWS_AS(session.fetch_flags(UidSet(Uid{3})), imap::CommandError);
             }) == Script::none);
}

TEST_CASE("flags of other messages than those asked for are news", "[session][flags]") {
  // The watermark moves past them, so nobody would ask for them again.
  CHECK(play_resync({"C: $3 SELECT \"a\"", "S: * OK [HIGHESTMODSEQ 100]", "S: $3 OK",
                     "C: $4 UID FETCH 1:2 (UID FLAGS) (CHANGEDSINCE 90 VANISHED)",
                     "S: * 1 FETCH (UID 1 FLAGS () MODSEQ (95))",
                     "S: * 9 FETCH (UID 9 FLAGS (\\Seen) MODSEQ (120))", "S: $4 OK"},
                    [](Session& session) {
                      session.select("a", kAgain);
                      CHECK(session.fetch_flags(UidSet(Uid{1}, Uid{2}), ModSeq{90}).size() == 1);
                      CHECK(session.selected()->highest_modseq == ModSeq{120});
                      const auto updates = session.take_updates();
                      REQUIRE(updates.mailboxes.size() == 1);
                      CHECK(updates.mailboxes[0].flags.size() == 1);
                      CHECK(updates.mailboxes[0].flags.contains(Uid{9}));
                    }) == Script::none);
}

TEST_CASE("an open mailbox says which flags last", "[session][select]") {
  using imap::Flags;
  CHECK(play("OBJECTID",
             {"C: $2 SELECT \"a\"", "S: * FLAGS (\\Seen \\Deleted)",
              "S: * OK [PERMANENTFLAGS (\\Seen \\*)] ok", "S: * OK [MAILBOXID (F1)]",
              "S: * OK [UIDNOTSTICKY]", "S: $2 OK", "C: $3 SELECT \"b\"",
              "S: * FLAGS (\\Seen \\Deleted)", "S: * OK [PERMANENTFLAGS ()] broken", "S: $3 OK",
              "C: $4 SELECT \"c\"", "S: $4 OK", "C: $5 EXAMINE \"c\"", "S: $5 OK"},
             [](Session& session) {
               const auto a = session.select("a", kAgain);
               CHECK(a.keeps(Flags::seen));
               CHECK_FALSE(a.keeps(Flags::deleted));
               CHECK(a.any_keyword);
               CHECK(a.mailbox_id == "F1");
               CHECK_FALSE(a.sticky_uids);
               const auto b = session.select("b", kAgain);
               CHECK(b.keeps(Flags::deleted));
               CHECK_FALSE(b.keeps(Flags::draft));
               CHECK(session.select("c", kAgain).keeps(Flags::draft));
               CHECK_FALSE(session.examine("c", kAgain).keeps(Flags::draft));
             }) == Script::none);
}
