#include "imap/session/resync.h"

#include "tests/support/catch.h"
#include "tests/support/sessions.h"

#include <chrono>
#include <random>
#include <string>

using imap::KnownMailbox;
using imap::MailboxDelta;
using imap::Uid;
using imap::UidSet;
using tests::after_login;
using tests::open_session;
using tests::Script;

namespace {

UidSet set_of(std::string_view text) {
  return UidSet::parse(text, 1000).value();
}

KnownMailbox known(const std::string& uids, std::uint32_t uid_next = 10, bool complete = true) {
  const auto set = set_of(uids);
  KnownMailbox known;
  known.uid_validity = imap::UidValidity{1};
  known.uid_next = Uid{uid_next};
  known.count = static_cast<std::uint32_t>(set.size());
  known.complete = complete;
  known.uids = [set] {
    return set;
  };
  return known;
}

Script::Lines examined(const std::string& exists, const std::string& uid_next = "10",
                       const std::string& uid_validity = "1") {
  Script::Lines lines{"C: $2 EXAMINE \"INBOX\""};
  if (!exists.empty()) lines.push_back("S: * " + exists + " EXISTS");
  if (!uid_validity.empty()) lines.push_back("S: * OK [UIDVALIDITY " + uid_validity + "]");
  if (!uid_next.empty()) lines.push_back("S: * OK [UIDNEXT " + uid_next + "]");
  lines.emplace_back("S: $2 OK");
  return lines;
}

/// A command and what comes of it.
struct Exchange {
  std::string command;
  Script::Lines answers;
};

Exchange searched(const std::string& found) {
  return {"UID SEARCH ALL", {"S: * SEARCH " + found}};
}

Exchange described(const std::string& asked, const std::vector<int>& uids) {
  Exchange exchange{"UID FETCH " + asked +
                        " (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[HEADER.FIELDS (DATE FROM "
                        "TO SUBJECT MESSAGE-ID LIST-ID)])",
                    {}};
  for (const auto uid : uids) {
    exchange.answers.push_back("S: * 1 FETCH (UID " + std::to_string(uid) +
                               " FLAGS () BODY[HEADER.FIELDS (SUBJECT)] \"\")");
  }
  return exchange;
}

MailboxDelta compared(Script::Lines lines, const std::vector<Exchange>& exchanges,
                      const KnownMailbox& mailbox) {
  int tag = 3;
  for (const auto& exchange : exchanges) {
    const auto name = "$" + std::to_string(tag++);
    lines.push_back("C: " + name + ' ' + exchange.command);
    lines.insert(lines.end(), exchange.answers.begin(), exchange.answers.end());
    lines.push_back("S: " + name + " OK");
  }
  Script script(after_login("IMAP4rev1", lines));
  const auto session = open_session(script);
  auto delta = compare(*session, "INBOX", mailbox);
  CHECK(script.deviations() == Script::none);
  return delta;
}

}  // namespace

TEST_CASE("a mailbox with the same count and UIDNEXT is unchanged", "[session][resync]") {
  const auto delta = compared(examined("3"), {}, known("1:3"));
  CHECK(delta.unchanged);
  CHECK_FALSE(delta.reset);
}

TEST_CASE("a mailbox that was not known to its end is searched", "[session][resync]") {
  const auto delta = compared(examined("3"), {searched("1 2 3")}, known("1:3", 10, false));
  CHECK_FALSE(delta.unchanged);
  CHECK(delta.missing.empty());
  CHECK(delta.vanished.empty());
}

TEST_CASE("what is new and what is gone is found", "[session][resync]") {
  const auto delta =
      compared(examined("3", "12"), {described("4:*", {11}), searched("1 3 11")}, known("1:3"));
  REQUIRE(delta.arrived.size() == 1);
  CHECK(delta.arrived[0].uid == Uid{11});
  CHECK(delta.missing.empty());
  CHECK(delta.vanished.to_string() == "2");
  CHECK(delta.state.uid_next == Uid{12});
}

TEST_CASE("a mailbox without UIDNEXT is asked for new messages", "[session][resync]") {
  const auto delta = compared(examined("3", ""), {described("4:*", {3})}, known("1:3"));
  CHECK_FALSE(delta.unchanged);
  CHECK_FALSE(delta.reset);
  CHECK(delta.arrived.empty());
  CHECK(delta.uid_next == Uid{4});
}

TEST_CASE("another UIDVALIDITY, or none, resets the mailbox", "[session][resync]") {
  for (const auto* validity : {"2", "0", "", "4294967297"}) {
    const auto delta = compared(examined("2", "10", validity), {searched("1 2")}, known("1:3"));
    CHECK(delta.reset);
    CHECK(delta.missing.to_string() == "1:2");
    CHECK(delta.vanished.empty());
  }
}

TEST_CASE("a lower UIDNEXT resets the mailbox", "[session][resync]") {
  const auto delta = compared(examined("2", "9"), {searched("1 2")}, known("1:3"));
  CHECK(delta.reset);
  CHECK(delta.vanished.empty());
}

TEST_CASE("nothing vanishes while the search disagrees with EXISTS", "[session][resync]") {
  const auto delta = compared(examined("3"), {searched("1"), searched("3")}, known("1:5"));
  CHECK(delta.vanished.empty());
  CHECK(delta.missing.empty());
  // A search that the server answers with nothing but OK.
  CHECK(compared(examined("3"), {{"UID SEARCH ALL", {}}, {"UID SEARCH ALL", {}}}, known("1:5"))
            .vanished.empty());
}

TEST_CASE("two searches that agree with EXISTS together are believed", "[session][resync]") {
  const auto delta = compared(examined("3"), {searched("1 2"), searched("3")}, known("1:4"));
  CHECK(delta.vanished.to_string() == "4");
}

TEST_CASE("a second search that agrees alone is believed alone", "[session][resync]") {
  // Message 2 is expunged while the first search runs.
  Script script(after_login(
      "IMAP4rev1",
      {"C: $2 EXAMINE \"INBOX\"", "S: * 3 EXISTS", "S: * OK [UIDVALIDITY 1]",
       "S: * OK [UIDNEXT 10]", "S: $2 OK", "C: $3 UID SEARCH ALL", "S: * SEARCH 1 2 3",
       "S: * 2 EXPUNGE", "S: $3 OK", "C: $4 UID SEARCH ALL", "S: * SEARCH 1 3", "S: $4 OK"}));
  const auto session = open_session(script);
  const auto delta = compare(*session, "INBOX", known("1:3", 10, false));
  CHECK(delta.vanished.to_string() == "2");
  CHECK(delta.missing.empty());
  CHECK(delta.state.exists == 2);
}

TEST_CASE("an empty mailbox is searched before all is taken for gone", "[session][resync]") {
  CHECK(compared(examined("0"), {searched("")}, known("1:3")).vanished.to_string() == "1:3");
  // No EXISTS at all is no evidence.
  const auto delta = compared(examined(""), {searched("1 2 3"), searched("1 2 3")}, known("1:3"));
  CHECK(delta.vanished.empty());
  // With nothing known there is nothing to ask.
  CHECK(compared(examined("0"), {}, known("", 9)).missing.empty());
}

TEST_CASE("chunks hold every UID once, newest first, within their bounds",
          "[session][resync][property]") {
  std::mt19937 source(7);
  const auto below = [&source](std::uint32_t bound) {
    return std::uniform_int_distribution<std::uint32_t>(0, bound - 1)(source);
  };
  for (int round = 0; round < 300; ++round) {
    INFO("round " << round);
    UidSet uids;
    std::uint32_t at = 1;
    for (auto count = below(200); count > 0; --count) {
      at += 1 + below(5);
      const auto last = at + below(below(10) == 0 ? 2000 : 3);
      uids.add(Uid{at}, Uid{last});
      at = last;
    }
    if (below(4) == 0) uids.add(imap::kMaxUid);
    const std::size_t first = 1 + below(100);
    const std::size_t most = first + below(1000);
    const auto chunks = imap::chunks_newest_first(uids, first, most);
    UidSet all;
    std::uint64_t total = 0;
    std::uint64_t allowed = first;
    for (std::size_t i = 0; i < chunks.size(); ++i) {
      CHECK_FALSE(chunks[i].empty());
      CHECK(chunks[i].size() <= allowed);
      CHECK(chunks[i].ranges().size() <= 40);
      CHECK(chunks[i].to_string().size() <= 900);
      if (i > 0) CHECK(chunks[i].back() < chunks[i - 1].front());
      if (i + 1 < chunks.size()) {
        CHECK((chunks[i].size() == allowed || chunks[i].ranges().size() == 40));
      }
      allowed = std::min<std::uint64_t>(allowed * 2, most);
      total += chunks[i].size();
      all.add(chunks[i]);
    }
    CHECK(all == uids);
    CHECK(total == uids.size());
  }
}

TEST_CASE("chunks of no size are chunks of one", "[session][resync]") {
  CHECK(imap::chunks_newest_first(set_of("1:3"), 0, 0).size() == 3);
  CHECK(imap::chunks_newest_first({}, 10, 10).empty());
}

TEST_CASE("a million single UIDs are split in no time", "[session][resync]") {
  UidSet uids;
  for (std::uint32_t uid = 1; uid < 2'000'000; uid += 2) uids.add(Uid{uid});
  const auto begin = std::chrono::steady_clock::now();
  const auto chunks = imap::chunks_newest_first(uids, 50, 500);
  CHECK(chunks.size() == 25'000);
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(5));
}
