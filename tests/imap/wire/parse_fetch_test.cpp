#include "imap/base/errors.h"
#include "tests/support/catch.h"
#include "tests/support/frames.h"

#include <string>

using namespace std::string_literals;
using imap::FetchRow;
using imap::Uid;
using tests::frame_of;
using tests::Literals;
using tests::parse;

namespace {

FetchRow row_of(const std::string& items) {
  return tests::parse_as<FetchRow>("* 12 FETCH (" + items + ")");
}

}  // namespace

TEST_CASE("a FETCH row gives what was sent", "[imap][parse][fetch]") {
  const auto row = row_of(
      "UID 7 FLAGS (\\Seen) INTERNALDATE \"17-Jul-1996 02:44:25 -0700\" RFC822.SIZE 44827 "
      "MODSEQ (65402) BODY[HEADER.FIELDS (DATE FROM)] {9}\r\nFrom: a\r\n");
  CHECK(row.seq == imap::Seq{12});
  CHECK(row.uid == Uid{7});
  CHECK(row.flags->has(imap::Flags::seen));
  CHECK(row.internal_date == "17-Jul-1996 02:44:25 -0700");
  CHECK(row.size == 44827U);
  CHECK(row.modseq == imap::ModSeq{65402});
  REQUIRE(row.sections.size() == 1);
  CHECK(row.sections[0].section == "HEADER.FIELDS (DATE FROM)");
  CHECK(row.sections[0].text == "From: a\r\n");
}

TEST_CASE("a FETCH row without a UID has none", "[imap][parse][fetch]") {
  CHECK_FALSE(row_of("FLAGS ()").uid);
  CHECK_FALSE(row_of("UID 0").uid);
  CHECK_FALSE(row_of("UID 4294967296").uid);
  CHECK(row_of("UID 4294967295").uid == imap::kMaxUid);
  CHECK_THROWS_AS(row_of("UID x"), imap::ProtocolError);
  CHECK_THROWS_AS(row_of("UID 18446744073709551616"), imap::ProtocolError);
}

TEST_CASE("the UID may follow the body", "[imap][parse][fetch]") {
  CHECK(row_of("BODY[] {5}\r\nhello UID 9").uid == Uid{9});  // mailio#135
}

TEST_CASE("items and flags may be in lower case", "[imap][parse][fetch]") {
  const auto row = tests::parse_as<FetchRow>("* 1 fetch (uid 3 flags (\\seen) body[] nil)");
  CHECK(row.uid == Uid{3});
  CHECK(row.flags->has(imap::Flags::seen));
  CHECK_FALSE(row.sections.at(0).text);
}

TEST_CASE("a body comes in every form of a string", "[imap][parse][fetch]") {
  CHECK(row_of("BODY[] \"quoted \\\" body\"").sections[0].text == "quoted \" body");
  CHECK(row_of("BODY[] \"\"").sections[0].text == "");
  CHECK(row_of("BODY[] {0}\r\n").sections[0].text == "");
  CHECK(row_of("BODY[] {3+}\r\nabc").sections[0].text == "abc");
  CHECK(row_of("BINARY[] ~{3}\r\na\0c"s).sections[0].text == "a\0c"s);
  CHECK_FALSE(row_of("BODY[] NIL").sections[0].text);
  CHECK(row_of("RFC822 {3}\r\nabc").sections[0].text == "abc");
  CHECK(row_of("BODY[]{3}\r\nabc").sections[0].text == "abc");
  // Yandex, MailKit#1708: a section without a value.
  const auto row = row_of("UID 4 BODY[2]");
  CHECK(row.uid == Uid{4});
  CHECK_FALSE(row.sections[0].text);
}

TEST_CASE("a partial body says where it begins", "[imap][parse][fetch]") {
  CHECK(row_of("BODY[]<0> {1}\r\na").sections[0].origin == 0U);
  CHECK(row_of("BODY[]<5.10> {1}\r\na").sections[0].origin == 5U);
  CHECK_FALSE(row_of("BODY[] {1}\r\na").sections[0].origin);
}

TEST_CASE("a streamed body leaves its size", "[imap][parse][fetch]") {
  const auto frame = frame_of("* 1 FETCH (BODY[] {5}\r\nhello UID 9)", Literals::stream);
  const auto row = std::get<FetchRow>(parse_response(frame, {}));
  CHECK(row.sections.at(0).streamed == 5U);
  CHECK_FALSE(row.sections[0].text);
  CHECK(row.uid == Uid{9});
}

TEST_CASE("unknown items are skipped with whatever value they have", "[imap][parse][fetch]") {
  for (const auto* item :
       {"X-GM-MSGID 1278455344230334865", "XAOL.SPAM.REASON \"a ) b\"", "X-A NIL",
        "X-GM-LABELS (\"\\\\Inbox\" a ())", "X-L {4}\r\n) (\"", "ENVELOPE (NIL (((NIL))) \")\")",
        "BODYSTRUCTURE (\"ALTERNATIVE\")", "BODY ((\"TEXT\" \"PLAIN\") \"MIXED\")", "EMAILID (M1)",
        "PREVIEW {3}\r\nUID", "X-S \\Weird"}) {
    INFO(item);
    const auto row = row_of(item + " UID 5"s);
    CHECK(row.uid == Uid{5});
  }
}

TEST_CASE("numbers that make no sense are absent", "[imap][parse][fetch]") {
  CHECK_FALSE(row_of("RFC822.SIZE -1 UID 1").size);
  CHECK_FALSE(row_of("RFC822.SIZE NIL UID 1").size);  // IceWarp, Proton Bridge
  CHECK(row_of("RFC822.SIZE 5000000000").size == 5'000'000'000U);
  CHECK(row_of("RFC822.SIZE 9.3736e+06").size == 9'373'600U);  // mail.ru, MailKit#1838
  CHECK(row_of("RFC822.SIZE 18446744073709551615 UID 1").size == 18446744073709551615U);
  CHECK_THROWS_AS(row_of("RFC822.SIZE 1e99"), imap::ProtocolError);
  CHECK_THROWS_AS(row_of("RFC822.SIZE 1.5e999999"), imap::ProtocolError);
}

TEST_CASE("MODSEQ needs no parentheses, and 0 and -1 are none", "[imap][parse][fetch]") {
  CHECK(row_of("MODSEQ 12").modseq == imap::ModSeq{12});
  CHECK_FALSE(row_of("MODSEQ (0)").modseq);
  CHECK_FALSE(row_of("MODSEQ (-1) UID 1").modseq);  // Zoho, MailKit#1686
}

TEST_CASE("spaces may be doubled and a line break may follow a literal", "[imap][parse][fetch]") {
  CHECK(row_of("  UID  7   FLAGS ( \\Seen )  ").uid == Uid{7});
  CHECK(row_of("BODY[] {2}\r\nab\r\n FLAGS () UID 7").uid == Uid{7});  // Domino, MailKit#954
  CHECK(row_of("UID 7 BODY[] {2}\r\nab\r\n").sections[0].text == "ab");
}

TEST_CASE("octets of a literal are never taken for protocol", "[imap][parse][fetch]") {
  // An atom that looks like a literal does not shift where the next one begins.
  const auto row = row_of("X {3 UID 7 BODY[] {17}\r\nabc UID 8 FLAGS (");
  CHECK(row.uid == Uid{7});
  CHECK(row.sections.at(0).text == "abc UID 8 FLAGS (");
}

TEST_CASE("a quoted string does not reach into a literal", "[imap][parse][fetch]") {
  CHECK_THROWS_AS(row_of("X \"abc {12}\r\n\" UID 8 Y \"a UID 7"), imap::ProtocolError);
}

TEST_CASE("parentheses nest as deep as the limit and no deeper", "[imap][parse][limits]") {
  const auto nested = [](std::size_t depth) {
    return "X " + std::string(depth, '(') + std::string(depth, ')') + " UID 1";
  };
  CHECK(row_of(nested(64)).uid == Uid{1});
  CHECK_THROWS_AS(row_of(nested(65)), imap::ProtocolError);
}

TEST_CASE("a million open parentheses do not recurse", "[imap][parse][limits]") {
  imap::Limits limits;
  limits.depth = 2'000'000;
  const auto line = "* 1 FETCH (X " + std::string(1'000'000, '(');
  CHECK_THROWS_AS(parse(line), imap::ProtocolError);
  CHECK_THROWS_AS(parse(line, limits), imap::ProtocolError);
  CHECK_NOTHROW(parse(line + std::string(1'000'001, ')'), limits));
}

TEST_CASE("the sections of one row are counted", "[imap][parse][limits]") {
  imap::Limits limits;
  limits.list_items = 3;
  CHECK_NOTHROW(parse("* 1 FETCH (BODY[1] a BODY[2] a BODY[3] a)", limits));
  CHECK_THROWS_AS(parse("* 1 FETCH (BODY[1] a BODY[2] a BODY[3] a BODY[4] a)", limits),
                  imap::ProtocolError);
}
