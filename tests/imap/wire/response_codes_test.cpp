#include "imap/wire/response_codes.h"

#include "tests/support/catch.h"
#include "tests/support/frames.h"

#include <string>

using imap::Status;
using imap::Uid;
using imap::UidValidity;
using tests::parse_as;

namespace {

const imap::Limits kLimits;

std::optional<imap::CopyUid> copied(const std::string& line) {
  return copy_uid_in(parse_as<Status>(line), kLimits);
}

std::optional<imap::AppendUid> appended(const std::string& line) {
  return append_uid_in(parse_as<Status>(line));
}

}  // namespace

TEST_CASE("COPYUID in all the forms that servers send", "[imap][codes]") {
  const auto plain = copied("A1 OK [COPYUID 38505 304,319:320 3956:3958] Done");
  REQUIRE(plain);
  CHECK(plain->uid_validity == UidValidity{38505});
  CHECK(plain->source.to_string() == "304,319:320");
  CHECK(plain->target.to_string() == "3956:3958");
  // Exchange and home.pl: a line of its own (MailKit#115).
  CHECK(copied("* [COPYUID 55 31 6]")->target.to_string() == "6");
  CHECK(copied("* OK [COPYUID 432432 42:69 1202:1229]")->target.size() == 28);
  // Gmail: in descending order (MailKit#1405).
  CHECK(copied("A1 OK [COPYUID 5 1:3 9,8,7] (Success)")->target.to_string() == "7:9");
  // Outlook.com: nothing was copied (MailKit#555).
  const auto empty = copied("A1 OK [COPYUID 14  ]");
  REQUIRE(empty);
  CHECK(empty->source.empty());
  CHECK(empty->target.empty());
  CHECK(copied("A1 OK [COPYUID 14 7]")->target.empty());            // cyrus#6373
  CHECK(copied("A1 OK [COPYUID 0 7 8]")->uid_validity.value == 0);  // MailKit#240
  CHECK(copied("A1 OK [COPYUID 1760000000000 7 8]")->uid_validity.value == 1'760'000'000'000);
}

TEST_CASE("a COPYUID that makes no sense is none", "[imap][codes]") {
  CHECK_FALSE(copied("A1 OK [COPYUID] done"));
  CHECK_FALSE(copied("A1 OK [COPYUID x 1 2] done"));
  CHECK_FALSE(copied("A1 OK [COPYUID 5 1:* 2] done"));
  CHECK_FALSE(copied("A1 OK [APPENDUID 5 1] done"));
}

TEST_CASE("APPENDUID names one message or none", "[imap][codes]") {
  const auto at = appended("A1 OK [APPENDUID 38505 3955] done");
  REQUIRE(at);
  CHECK(at->uid_validity == UidValidity{38505});
  CHECK(at->uid == Uid{3955});
  CHECK_FALSE(appended("A1 OK [APPENDUID 38505 3955:3957] done"));
  CHECK_FALSE(appended("A1 OK [APPENDUID 0 3955] done"));
  CHECK_FALSE(appended("A1 OK [APPENDUID 38505 0] done"));
  CHECK_FALSE(appended("A1 OK [APPENDUID 38505 4294967296] done"));
  CHECK_FALSE(appended("A1 OK [APPENDUID 38505] done"));
  CHECK_FALSE(appended("A1 OK [COPYUID 38505 1 2] done"));
}

TEST_CASE("MODIFIED names what a conditional change left alone", "[imap][codes]") {
  CHECK(modified_in(parse_as<Status>("A1 OK [MODIFIED 7,9] done"), kLimits).to_string() == "7,9");
  CHECK(modified_in(parse_as<Status>("A1 NO [MODIFIED 2] gone"), kLimits).to_string() == "2");
  CHECK(modified_in(parse_as<Status>("A1 OK [MODIFIED] done"), kLimits).empty());
  CHECK(modified_in(parse_as<Status>("A1 OK done"), kLimits).empty());
}

TEST_CASE("an object id of up to 255 octets is taken", "[imap][codes][limits]") {
  const auto id = [](std::size_t size) {
    return mailbox_id_in(parse_as<Status>("A1 OK [MAILBOXID (" + std::string(size, 'x') + ")]"));
  };
  CHECK(id(255).size() == 255);
  CHECK(id(256).empty());
  CHECK(mailbox_id_in(parse_as<Status>("A1 OK [MAILBOXID]")).empty());
}

TEST_CASE("MESSAGELIMIT says how far the server went", "[imap][codes]") {
  const auto limit = message_limit_in(parse_as<Status>("A1 OK [MESSAGELIMIT 1000 23221] more"));
  REQUIRE(limit);
  CHECK(limit->most == 1000);
  CHECK(limit->lowest == Uid{23221});
  CHECK(message_limit_in(parse_as<Status>("A1 NO [MESSAGELIMIT 1000] no"))->lowest == Uid{});
  CHECK_FALSE(message_limit_in(parse_as<Status>("A1 OK [MESSAGELIMIT] x")));
  CHECK_FALSE(message_limit_in(parse_as<Status>("A1 OK x")));
}
