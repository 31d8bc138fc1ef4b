#include "fs/mail/append_trust.h"

#include "tests/support/catch.h"
#include "tests/support/sessions.h"

#include <string>

using fs::AppendTrust;
using fs::MailboxId;
using tests::play;
using tests::Script;

namespace {

constexpr MailboxId kInbox{1};

/// What is known after the mailbox has taken two messages, with this answer about its quota.
void after_two(AppendTrust& trust, const std::string& capabilities, const Script::Lines& quota) {
  Script::Lines lines{"C: $2 SELECT \"INBOX\"", "S: * 0 EXISTS", "S: $2 OK [READ-WRITE]"};
  lines.insert(lines.end(), quota.begin(), quota.end());
  CHECK(play(capabilities, lines, [&](imap::Session& session) {
          session.select("INBOX", imap::Session::Refresh::no);
          trust.taken(kInbox, session);
          CHECK_FALSE(trust.spend(kInbox, 1));
          trust.taken(kInbox, session);
        }) == Script::none);
}

Script::Lines answer(const std::string& resources) {
  return {"C: $3 GETQUOTAROOT \"INBOX\"", "S: * QUOTAROOT INBOX \"\"",
          "S: * QUOTA \"\" (" + resources + ")", "S: $3 OK"};
}

}  // namespace

TEST_CASE("a mailbox that has taken two messages takes a third one", "[fs][trust]") {
  AppendTrust trust;
  CHECK_FALSE(trust.spend(kInbox, 1));
  after_two(trust, "LITERAL+", {});
  CHECK(trust.spend(kInbox, 64 << 10));
  CHECK_FALSE(trust.spend(kInbox, (64 << 10) + 1));
  CHECK_FALSE(trust.spend(MailboxId{2}, 1));
  trust.refused(kInbox);
  CHECK_FALSE(trust.spend(kInbox, 1));
}

TEST_CASE("what the server wants to be asked for is not trusted to be taken", "[fs][trust]") {
  AppendTrust trust;
  SECTION("never") {
    after_two(trust, "", {});
    CHECK_FALSE(trust.spend(kInbox, 1));
  }
  SECTION("when it is large") {
    after_two(trust, "LITERAL-", {});
    CHECK(trust.spend(kInbox, 4096));
    CHECK_FALSE(trust.spend(kInbox, 4097));
  }
}

TEST_CASE("near its quota a mailbox is not trusted", "[fs][trust]") {
  AppendTrust trust;
  SECTION("in octets") {
    // 1,034 units of 1,024 octets are left, of which 1,024 stay.
    after_two(trust, "LITERAL+ QUOTA", answer("STORAGE 66 1100"));
    CHECK(trust.spend(kInbox, 6 << 10));
    CHECK(trust.spend(kInbox, 4 << 10));
    CHECK_FALSE(trust.spend(kInbox, 1));
  }
  SECTION("in messages") {
    after_two(trust, "LITERAL+ QUOTA", answer("MESSAGE 8 110"));
    CHECK(trust.spend(kInbox, 1));
    CHECK(trust.spend(kInbox, 1));
    CHECK_FALSE(trust.spend(kInbox, 1));
  }
  SECTION("that it has exceeded") {
    after_two(trust, "LITERAL+ QUOTA", answer("STORAGE 900 800"));
    CHECK_FALSE(trust.spend(kInbox, 1));
  }
  SECTION("of which it does not tell") {
    after_two(trust, "LITERAL+ QUOTA", {"C: $3 GETQUOTAROOT \"INBOX\"", "S: $3 NO not now"});
    CHECK_FALSE(trust.spend(kInbox, 1));
  }
}
