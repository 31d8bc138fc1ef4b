#include "imap/base/errors.h"
#include "imap/session/uid_batches.h"
#include "tests/support/catch.h"
#include "tests/support/sessions.h"

#include <string>

using imap::FlagChange;
using imap::Flags;
using imap::ModSeq;
using imap::Session;
using imap::Uid;
using imap::UidSet;
using tests::play;
using tests::Script;

namespace {

Flags deleted() {
  Flags flags;
  flags.add("\\Deleted");
  return flags;
}

/// What follows an open mailbox; the first tag is `$3`.
template <class Act>
std::string play_open(const std::string& capabilities, const Script::Lines& lines, const Act& act) {
  Script::Lines all{"C: $2 SELECT \"INBOX\"", "S: * 9 EXISTS", "S: * OK [HIGHESTMODSEQ 100]",
                    "S: $2 OK [READ-WRITE]"};
  all.insert(all.end(), lines.begin(), lines.end());
  return play("ENABLE " + capabilities, all, [&](Session& session) {
    session.select("INBOX", Session::Refresh::no);
    act(session);
  });
}

imap::CopyResult moved(const Script::Lines& answer) {
  Script::Lines lines{"C: $3 UID MOVE 7 \"a\""};
  lines.insert(lines.end(), answer.begin(), answer.end());
  imap::CopyResult result;
  CHECK(play_open("MOVE", lines, [&](Session& session) {
          result = session.move(UidSet(Uid{7}), "a");
        }) == Script::none);
  return result;
}

}  // namespace

TEST_CASE("flags are added and removed by UID, without an echo", "[session][store]") {
  auto flags = deleted();
  flags.add("$Junk");
  flags.add("\\Recent");
  CHECK(play_open("UIDPLUS",
                  {"C: $3 UID STORE 1:3,7 +FLAGS.SILENT (\\Deleted $Junk)", "S: $3 OK",
                   "C: $4 UID STORE 7 -FLAGS.SILENT (\\Deleted $Junk)",
                   "S: * 4 FETCH (UID 7 FLAGS ())", "S: $4 OK"},  // sent in spite of .SILENT: Gmail
                  [&](Session& session) {
                    auto uids = UidSet(Uid{1}, Uid{3});
                    uids.add(Uid{7});
                    CHECK(session.store(uids, FlagChange::add, flags).empty());
                    CHECK(session.store(UidSet(Uid{7}), FlagChange::remove, flags).empty());
                    CHECK(session.take_updates().mailboxes.at(0).flags.contains(Uid{7}));
                  }) == Script::none);
}

TEST_CASE("the server says what the flags are after a change", "[session][store]") {
  CHECK(play_open("",
                  {"C: $3 UID STORE 5,7,9 +FLAGS (\\Deleted)",
                   "S: * 3 FETCH (UID 7 FLAGS (\\Deleted \\Seen) MODSEQ (51))",
                   "S: * 1 FETCH (UID 2 FLAGS (\\Seen) MODSEQ (52))",  // another device's
                   "S: * 2 FETCH (UID 5 MODSEQ (51))", "S: $3 NO [NOPERM] not the last"},
                  [](Session& session) {
                    UidSet uids(Uid{5});
                    uids.add(Uid{7});
                    uids.add(Uid{9});
                    std::map<Uid, imap::FlagUpdate> told;
                    CHECK_THROWS_AS(session.store_aloud(uids, FlagChange::add, deleted(), told),
                                    imap::CommandError);
                    REQUIRE(told.size() == 1);
                    CHECK(told.at(Uid{7}).flags.has(imap::Flags::seen));
                    CHECK(told.at(Uid{7}).modseq.value == 51);
                    const auto updates = session.take_updates();
                    CHECK(updates.mailboxes.at(0).flags.size() == 2);
                  }) == Script::none);
}

TEST_CASE("a conditional change says what it left alone", "[session][store]") {
  CHECK(play_open("",
                  {"C: $3 UID STORE 5:9 (UNCHANGEDSINCE 50) +FLAGS.SILENT (\\Deleted)",
                   "S: $3 OK [MODIFIED 7,9] Conditional STORE failed",
                   "C: $4 UID STORE 7 (UNCHANGEDSINCE 50) +FLAGS.SILENT (\\Deleted)",
                   "S: $4 NO [MODIFIED 7] changed",
                   "C: $5 UID STORE 7 (UNCHANGEDSINCE 50) +FLAGS.SILENT (\\Deleted)",
                   "S: $5 NO [LIMIT] no"},
                  [](Session& session) {
                    const auto change = [&](const UidSet& uids) {
                      return session.store(uids, FlagChange::add, deleted(), ModSeq{50});
                    };
                    CHECK(change(UidSet(Uid{5}, Uid{9})).to_string() == "7,9");
                    CHECK(change(UidSet(Uid{7})).to_string() == "7");
                    CHECK_THROWS_AS(change(UidSet(Uid{7})), imap::CommandError);
                  }) == Script::none);
}

TEST_CASE("what a conditional change left alone is all of it where nobody can tell",
          "[session][store]") {
  for (const auto* what : {"", " garbled", " 77"}) {
    CHECK(play_open("",
                    {"C: $3 UID STORE 5:9 (UNCHANGEDSINCE 50) +FLAGS.SILENT (\\Deleted)",
                     std::string("S: $3 OK [MODIFIED") + what + "] Conditional STORE failed"},
                    [](Session& session) {
                      const auto left = session.store(UidSet(Uid{5}, Uid{9}), FlagChange::add,
                                                      deleted(), ModSeq{50});
                      CHECK(left.to_string() == "5:9");
                    }) == Script::none);
  }
}

TEST_CASE("without mod-sequences a change is made in any case", "[session][store]") {
  CHECK(play("IMAP4rev1",
             {"C: $2 SELECT \"INBOX\"", "S: * OK [NOMODSEQ] none", "S: $2 OK",
              "C: $3 UID STORE 5 +FLAGS.SILENT (\\Deleted)", "S: $3 OK"},
             [](Session& session) {
               session.select("INBOX", Session::Refresh::no);
               CHECK(session.store(UidSet(Uid{5}), FlagChange::add, deleted(), ModSeq{50}).empty());
             }) == Script::none);
}

TEST_CASE("a server that processes no more than its limit is asked for the rest",
          "[session][store]") {
  CHECK(play_open(
            "MESSAGELIMIT=3",
            {"C: $3 UID STORE 1:3 +FLAGS.SILENT (\\Deleted)", "S: $3 OK [MESSAGELIMIT 2 2] partly",
             "C: $4 UID STORE 1 +FLAGS.SILENT (\\Deleted)", "S: $4 OK",
             "C: $5 UID STORE 4 +FLAGS.SILENT (\\Deleted)", "S: $5 OK"},
            [](Session& session) {
              session.store(UidSet(Uid{1}, Uid{4}), FlagChange::add, deleted());
            }) == Script::none);
}

TEST_CASE("only what was named is expunged", "[session][expunge]") {
  CHECK(play_open("UIDPLUS",
                  {"C: $3 UID EXPUNGE 7", "S: * 4 EXPUNGE", "S: $3 OK", "C: $4 UID EXPUNGE 8",
                   "S: $4 BAD unknown command"},  // Proton Bridge advertised and refused it (#123)
                  [](Session& session) {
                    session.expunge(UidSet(Uid{7}));
                    CHECK(session.selected()->exists == 8);
                    CHECK(session.take_updates().mailboxes.at(0).expunged == 1);
                    CHECK_THROWS_AS(session.expunge(UidSet(Uid{8})), imap::CommandError);
                  }) == Script::none);
}

TEST_CASE("without UIDPLUS nothing is expunged unless all is meant", "[session][expunge]") {
  CHECK(play_open("MOVE", {"C: $3 EXPUNGE", "S: * 4 EXPUNGE", "S: * 4 EXPUNGE", "S: $3 OK"},
                  [](Session& session) {
                    CHECK_FALSE(session.can_expunge_by_uid());
                    CHECK_THROWS_AS(session.expunge(UidSet(Uid{7})), imap::UnsupportedError);
                    session.expunge_all_deleted();
                    CHECK(session.selected()->exists == 7);
                  }) == Script::none);
}

TEST_CASE("a moved message is known by its new UID, however it is said", "[session][move]") {
  const auto gone = std::string("S: * 7 EXPUNGE");
  // RFC 6851; Gmail; Exchange.
  CHECK(moved({"S: * OK [COPYUID 5 7 70] Moved", gone, "S: $3 OK"}).only() == Uid{70});
  CHECK(moved({gone, "S: $3 OK [COPYUID 5 7 70] (Success)"}).only() == Uid{70});
  CHECK(moved({"S: * [COPYUID 5 7 70]", gone, "S: $3 OK"}).only() == Uid{70});
  CHECK(moved({"S: * OK [COPYUID 5 7 70] Moved", "S: $3 OK"}).uid_validity == imap::UidValidity{5});
}

TEST_CASE("where a message went is unknown when the server is unclear", "[session][move]") {
  CHECK_FALSE(moved({"S: $3 OK"}).only());
  CHECK_FALSE(moved({"S: $3 OK [COPYUID 14  ]"}).only());
  CHECK_FALSE(moved({"S: $3 OK [COPYUID 14 7]"}).only());
  CHECK_FALSE(moved({"S: $3 OK [COPYUID 5 8 70] another's"}).only());
  CHECK_FALSE(moved({"S: $3 OK [COPYUID 5 7 70:71] two"}).only());
  CHECK_FALSE(moved({"S: $3 OK [APPENDUID 5 70] of another command"}).only());
}

TEST_CASE("of several copies nobody knows which is which", "[session][copy]") {
  CHECK(play_open("",
                  {"C: $3 UID COPY 7:9 \"a\"", "S: $3 OK [COPYUID 5 7:9 72,71,70]",
                   "C: $4 UID COPY 7 \"x\"", "S: $4 NO [TRYCREATE] no such mailbox"},
                  [](Session& session) {
                    const auto copied = session.copy(UidSet(Uid{7}, Uid{9}), "a");
                    CHECK(copied.target.to_string() == "70:72");
                    CHECK_FALSE(copied.only());
                    CHECK_THROWS_AS(session.copy(UidSet(Uid{7}), "x"), imap::CommandError);
                    CHECK(session.is_usable());
                  }) == Script::none);
}

TEST_CASE("without MOVE the session says so", "[session][move]") {
  CHECK(play_open("UIDPLUS", {}, [](Session& session) {
          CHECK_FALSE(session.can_move());
          CHECK_THROWS_AS(session.move(UidSet(Uid{7}), "a"), imap::UnsupportedError);
        }) == Script::none);
  CHECK(play("IMAP4rev2", {}, [](Session& session) {
          CHECK(session.can_move());
          CHECK(session.can_expunge_by_uid());
        }) == Script::none);
}

TEST_CASE("sets of UIDs are cut to what a command may name", "[session][batches]") {
  CHECK(imap::uid_batches({}, 10).empty());
  const auto cut = imap::uid_batches(UidSet(Uid{1}, Uid{25}), 10);
  REQUIRE(cut.size() == 3);
  CHECK(cut[0].to_string() == "1:10");
  CHECK(cut[2].to_string() == "21:25");
  UidSet odd;
  for (std::uint32_t uid = 1; uid <= 2 * imap::kMostRanges + 1; uid += 2) odd.add(Uid{uid});
  const auto ranges = imap::uid_batches(odd, 1'000'000);
  REQUIRE(ranges.size() == 2);
  CHECK(ranges[0].ranges().size() == imap::kMostRanges);
  CHECK(ranges[1].size() == 1);
  CHECK(imap::uid_batches(UidSet(Uid{1}, imap::kMaxUid), imap::kMaxUid.value).size() == 1);
}

TEST_CASE("copying goes on where the server stopped at its limit", "[session][copy]") {
  // Else who deletes the originals afterwards would lose those that were left out.
  CHECK(play_open("MESSAGELIMIT=3",
                  {"C: $3 UID COPY 1:3 \"x\"", "S: * OK [COPYUID 9 3 1] partly",
                   "S: $3 OK [MESSAGELIMIT 1 3] partly", "C: $4 UID COPY 1:2 \"x\"",
                   "S: $4 OK [COPYUID 9 1:2 2:3]"},
                  [](Session& session) {
                    const auto copied = session.copy(UidSet(Uid{1}, Uid{3}), "x");
                    CHECK(copied.source.to_string() == "1:3");
                    CHECK(copied.target.to_string() == "1:3");
                  }) == Script::none);
}
