#include "imap/base/errors.h"
#include "tests/support/catch.h"
#include "tests/support/sessions.h"

#include <string>

using namespace std::string_literals;
using imap::Uid;
using imap::UidSet;
using tests::after_login;
using tests::open_session;
using tests::Script;

namespace {

const std::string kItems =
    "(UID FLAGS INTERNALDATE RFC822.SIZE "
    "BODY.PEEK[HEADER.FIELDS (DATE FROM TO SUBJECT MESSAGE-ID LIST-ID)])";

std::string fetch(int tag, const std::string& uids) {
  return "C: $" + std::to_string(tag) + " UID FETCH " + uids + ' ' + kItems;
}

std::string row(int uid, const std::string& header) {
  return "S: * 1 FETCH (UID " + std::to_string(uid) + " FLAGS (\\Seen) RFC822.SIZE 10 BODY[H] \"" +
         header + "\")";
}

/// What arrived in each chunk, `7=header`.
using Chunks = std::vector<std::vector<std::string>>;

Chunks summaries(imap::Session& session, const std::vector<UidSet>& chunks,
                 std::size_t stop_after = 100) {
  Chunks all;
  session.fetch_summaries(chunks, [&](const std::vector<imap::MessageSummary>& rows) {
    auto& chunk = all.emplace_back();
    for (const auto& one : rows) chunk.push_back(std::to_string(one.uid.value) + '=' + one.header);
    return all.size() < stop_after;
  });
  return all;
}

std::string found(const std::string& capabilities, const Script::Lines& lines) {
  Script script(after_login(capabilities, lines));
  const auto session = open_session(script);
  auto text = session->search_all().to_string();
  CHECK(script.deviations() == Script::none);
  return text;
}

std::vector<UidSet> single(std::initializer_list<std::uint32_t> uids) {
  std::vector<UidSet> chunks;
  for (const auto uid : uids) chunks.emplace_back(Uid{uid});
  return chunks;
}

}  // namespace

TEST_CASE("a search joins the lines of its answer", "[session][search]") {
  // DavMail splits them.
  CHECK(found("IMAP4rev1", {"C: $2 UID SEARCH ALL", "S: * SEARCH 3 1", "S: * 9 EXISTS",
                            "S: * SEARCH 2 7", "S: $2 OK"}) == "1:3,7");
  CHECK(found("IMAP4rev1", {"C: $2 UID SEARCH ALL", "S: $2 OK"}).empty());
}

TEST_CASE("a search asks for a set where it can", "[session][search]") {
  for (const auto* capability : {"ESEARCH", "IMAP4rev2"}) {
    CHECK(found(capability, {"C: $2 UID SEARCH RETURN (ALL) ALL",
                             "S: * ESEARCH (TAG \"$2\") UID ALL 1:3,7", "S: $2 OK"}) == "1:3,7");
  }
  CHECK(found("ESEARCH", {"C: $2 UID SEARCH RETURN (ALL) ALL", "S: * SEARCH 1 2", "S: $2 OK"}) ==
        "1:2");
}

TEST_CASE("a search for some UIDs finds no others", "[session][search]") {
  Script script(
      after_login("IMAP4rev1", {"C: $2 UID SEARCH UID 3:5,9", "S: * SEARCH 1 3 9 12", "S: $2 OK"}));
  const auto session = open_session(script);
  auto wanted = UidSet(Uid{3}, Uid{5});
  wanted.add(Uid{9});
  CHECK(session->search(wanted).to_string() == "3,9");
  CHECK(script.deviations() == Script::none);
}

TEST_CASE("summaries are asked for four commands ahead", "[session][summaries]") {
  Script script(after_login(
      "IMAP4rev1", {fetch(2, "9"), fetch(3, "8"), fetch(4, "7"), fetch(5, "6"), row(9, "nine"),
                    "S: $2 OK", fetch(6, "5"), row(8, "eight"), "S: $3 OK", row(7, "seven"),
                    "S: $4 OK", row(6, "six"), "S: $5 OK", row(5, "five"), "S: $6 OK"}));
  const auto session = open_session(script);
  CHECK(summaries(*session, single({9, 8, 7, 6, 5})) ==
        Chunks{{"9=nine"}, {"8=eight"}, {"7=seven"}, {"6=six"}, {"5=five"}});
  CHECK(script.deviations() == Script::none);
}

TEST_CASE("a summary has what the row had", "[session][summaries]") {
  Script script(after_login(
      "IMAP4rev1",
      {fetch(2, "7"),
       "S: * 1 FETCH (BODY[HEADER.FIELDS (DATE)] {7}\r\nFrom: a INTERNALDATE \" 1-Jan-2026\" "
       "FLAGS (\\Seen x) RFC822.SIZE 99 MODSEQ (5) UID 7)",
       "S: $2 OK"}));
  const auto session = open_session(script);
  session->fetch_summaries(single({7}), [](const std::vector<imap::MessageSummary>& rows) {
    REQUIRE(rows.size() == 1);
    CHECK(rows[0].header == "From: a");
    CHECK(rows[0].internal_date == " 1-Jan-2026");
    CHECK(rows[0].flags.has(imap::Flags::seen));
    CHECK(rows[0].size == 99U);
    CHECK(rows[0].modseq == imap::ModSeq{5});
    return true;
  });
  CHECK(script.deviations() == Script::none);
}

TEST_CASE("rows may come in any order, twice, for others or not at all", "[session][summaries]") {
  Script script(after_login(
      "IMAP4rev1", {fetch(2, "5:9"), fetch(3, "1:4"), row(3, "three"), row(9, "nine"),
                    row(77, "other"), row(5, "five"), row(9, "nine again"), "S: * 9 EXISTS",
                    "S: * 2 FETCH (UID 8 FLAGS ())", "S: * 1 FETCH (FLAGS () BODY[H] \"no UID\")",
                    "S: * 2 EXPUNGE", "S: $2 OK", row(1, "one"), "S: $3 OK"}));
  const auto session = open_session(script);
  CHECK(summaries(*session, {UidSet(Uid{5}, Uid{9}), UidSet(Uid{1}, Uid{4})}) ==
        Chunks{{"9=nine again", "5=five"}, {"3=three", "1=one"}});
  CHECK(script.deviations() == Script::none);
}

TEST_CASE("rows that came before a NO are kept", "[session][summaries]") {
  Script script(
      after_login("IMAP4rev1", {fetch(2, "9"), fetch(3, "8"), row(9, "nine"),
                                "S: $2 NO some messages are gone", row(8, "eight"), "S: $3 OK"}));
  const auto session = open_session(script);
  CHECK(summaries(*session, single({9, 8})) == Chunks{{"9=nine"}, {"8=eight"}});
  CHECK(script.deviations() == Script::none);
}

TEST_CASE("after BAD nothing of the commands sent ahead is left", "[session][summaries]") {
  Script script(after_login(
      "IMAP4rev1", {fetch(2, "9"), fetch(3, "8"), "S: $2 BAD what", row(8, "eight"),
                    "S: $3 BAD what", "C: $4 NOOP", "S: $4 OK", fetch(5, "8"), "S: $5 OK"}));
  const auto session = open_session(script);
  CHECK_THROWS_AS(summaries(*session, single({9, 8})), imap::CommandError);
  CHECK(session->is_usable());
  session->noop();
  CHECK(summaries(*session, single({8})) == Chunks{{}});
  CHECK(script.deviations() == Script::none);
}

TEST_CASE("summaries stop after what has been sent", "[session][summaries]") {
  Script script(after_login(
      "IMAP4rev1", {fetch(2, "9"), fetch(3, "8"), fetch(4, "7"), fetch(5, "6"), row(9, "nine"),
                    "S: $2 OK", "S: $3 OK", "S: $4 OK", "S: $5 OK", "C: $6 NOOP", "S: $6 OK"}));
  const auto session = open_session(script);
  CHECK(summaries(*session, single({9, 8, 7, 6, 5, 4}), 1) == Chunks{{"9=nine"}});
  session->noop();
  CHECK(script.deviations() == Script::none);
}

TEST_CASE("a session is dead when what came could not be taken", "[session][summaries]") {
  Script script(after_login(
      "IMAP4rev1", {fetch(2, "9"), fetch(3, "8"), row(9, "nine"), "S: $2 OK", "S! silence"}));
  const auto session = open_session(script);
  CHECK_THROWS_AS(session->fetch_summaries(
                      single({9, 8}), [](const auto&) -> bool { throw std::runtime_error("x"); }),
                  std::runtime_error);
  CHECK_FALSE(session->is_usable());
}

TEST_CASE("no chunks need no command", "[session][summaries]") {
  Script script(after_login("IMAP4rev1", {}));
  const auto session = open_session(script);
  CHECK(summaries(*session, {}).empty());
  CHECK(script.deviations() == Script::none);
}
