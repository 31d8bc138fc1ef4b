#include "cache/rows.h"

#include "tests/support/catch.h"

#include <algorithm>
#include <limits>

namespace {

using namespace cache;

constexpr auto kHighest = std::numeric_limits<std::uint64_t>::max();

MailboxRow full_mailbox() {
  return {.wire_name = "Entw&APw-rfe/\xFF",
          .delimiter = '\xE4',
          .attributes = 0xFFFF'FFFF,
          .uid_validity = kHighest,
          .uid_next = 1ULL << 32U,
          .highest_modseq = 1ULL << 62U,
          .exists = 0xFFFF'FFFF,
          .listed = true,
          .sync_class = 0xFF,
          .synced_at = std::numeric_limits<std::int64_t>::min(),
          .object_id = "F2212ea87-6097-4256-9d51-71338625"};
}

MessageRow full_message() {
  return {.uid = 8124,
          .flags = 0b10110,
          .keywords = {"$Forwarded", "", "work"},
          .size = kHighest,
          .size_exact = true,
          .internal_date = std::numeric_limits<std::int64_t>::min(),
          .sent = std::numeric_limits<std::int64_t>::max(),
          .modseq = 71'237'123,
          .body = BodyId{1ULL << 40U},
          .subject = "Quartalszahlen für März",
          .from_name = "Alice Weber",
          .from_address = "alice@example.org",
          .to = "Bob <bob@example.org>",
          .date = "Sat, 21 Nov 2026 09:00:00 +0100",
          .message_id = "<1@example.org>",
          .list_id = "<list.example.org>",
          .object_id = "gm:1278455344230334865"};
}

BodyInfo full_body_info() {
  return {.size = 131072,
          .used = kHighest,
          .day = 0xFFFF'FFFF,
          .checksum = 0xFFFF'FFFF,
          .object_id = "M6d99ac3275bb4e"};
}

template <class Decode>
void check_every_prefix_throws(Bytes row, Decode decode) {
  for (std::size_t size = 0; size < row.size(); ++size) {
    INFO(size);
    CHECK_THROWS_AS(decode(row.first(size)), CorruptError);
  }
}

}  // namespace

TEST_CASE("a mailbox row reads as it was written", "[cache][rows]") {
  CHECK(decode_mailbox(encode(full_mailbox()).bytes()) == full_mailbox());
  CHECK(decode_mailbox(encode(MailboxRow{}).bytes()) == MailboxRow{});
}

TEST_CASE("a message row reads as it was written", "[cache][rows]") {
  CHECK(decode_message(8124, encode(full_message()).bytes()) == full_message());
  CHECK(decode_message(0, encode(MessageRow{}).bytes()) == MessageRow{});
  CHECK(decode_message_size(encode(full_message()).bytes()) == kHighest);
}

TEST_CASE("a row holds fields of 64 KB", "[cache][rows]") {
  auto message = full_message();
  message.subject = std::string(65536, 's');
  message.list_id = std::string(65536, '\0');
  message.keywords.assign(3000, std::string(100, 'k'));
  CHECK(decode_message(8124, encode(message).bytes()) == message);
  auto mailbox = full_mailbox();
  mailbox.wire_name = std::string(65536, 'm');
  CHECK(decode_mailbox(encode(mailbox).bytes()) == mailbox);
}

TEST_CASE("dates before and after 1970 read as they were written", "[cache][rows]") {
  for (const std::int64_t date :
       {std::int64_t{0}, std::int64_t{-1}, std::int64_t{1}, std::int64_t{1'795'251'600},
        std::int64_t{-2'208'988'800}, std::numeric_limits<std::int64_t>::max(),
        std::numeric_limits<std::int64_t>::min()}) {
    auto row = full_message();
    row.internal_date = date;
    CHECK(decode_message(8124, encode(row).bytes()).internal_date == date);
  }
}

TEST_CASE("small rows read as they were written", "[cache][rows]") {
  const Totals totals{.messages = 3, .bytes = kHighest};
  CHECK(decode_totals(encode(totals).bytes()) == totals);
  CHECK(decode_body_info(encode(full_body_info()).bytes()) == full_body_info());
  const BodyProgress progress{.next = BodyProgress::kUnordered, .checksum = 0xFFFF'FFFF};
  CHECK(decode_body_progress(encode(progress).bytes()) == progress);
  const AccountRow account{.prefix = "INBOX.", .delimiter = '\xE4', .folders_at = -1};
  CHECK(decode_account(encode(account).bytes()) == account);
  CHECK(decode_account(encode(AccountRow{}).bytes()) == AccountRow{});
}

TEST_CASE("a row that is cut off anywhere is corrupt", "[cache][rows]") {
  check_every_prefix_throws(encode(full_mailbox()).bytes(), decode_mailbox);
  check_every_prefix_throws(encode(full_message()).bytes(),
                            [](Bytes row) { return decode_message(1, row); });
  check_every_prefix_throws(encode(Totals{1, 300}).bytes(), decode_totals);
  check_every_prefix_throws(encode(full_body_info()).bytes(), decode_body_info);
  check_every_prefix_throws(encode(BodyProgress{1, 300}).bytes(), decode_body_progress);
  check_every_prefix_throws(encode(AccountRow{"INBOX.", '.', 300}).bytes(), decode_account);
}

TEST_CASE("a row with bytes behind its end is corrupt", "[cache][rows]") {
  auto row = encode(full_message());
  row.number(0);
  CHECK_THROWS_AS(decode_message(1, row.bytes()), CorruptError);
}

TEST_CASE("a row of another version is corrupt", "[cache][rows]") {
  CHECK_THROWS_AS(decode_totals(RowWriter(200).bytes()), CorruptError);
}

TEST_CASE("a number that is too large for its field is corrupt", "[cache][rows]") {
  RowWriter row(1);
  row.number(0x1'0000'0000);
  CHECK_THROWS_AS(RowReader(row.bytes(), 1).number<std::uint32_t>(), CorruptError);
  CHECK(RowReader(row.bytes(), 1).number() == 0x1'0000'0000);
  const std::vector<std::byte> endless(20, std::byte{0xFF});
  CHECK_THROWS_AS(RowReader(endless, 0xFF).number(), CorruptError);
}

TEST_CASE("a list that claims more elements than can follow is corrupt", "[cache][rows]") {
  RowWriter row(2);
  row.number(10);        // size
  row.flag(true);        // exact
  row.number(0);         // flags
  row.number(kHighest);  // keywords
  CHECK_THROWS_AS(decode_message(1, row.bytes()), CorruptError);
}

TEST_CASE("a decoder that is used again keeps nothing of the row before", "[cache][rows]") {
  const auto full = encode(full_message());
  const auto blank = encode(MessageRow{});
  MessageDecoder decoder;
  CHECK(decoder.decode(8124, full.bytes()) == full_message());
  CHECK(decoder.decode(0, blank.bytes()) == MessageRow{});
}

TEST_CASE("keys sort as their numbers do", "[cache][rows]") {
  const auto less = [](const auto& a, const auto& b) {
    return std::ranges::lexicographical_compare(a, b);
  };
  CHECK(less(key_of(1U, 255U), key_of(1U, 256U)));
  CHECK(less(key_of(1U, 0xFFFF'FFFFU), key_of(2U, 0U)));
  CHECK(less(key_of(std::uint64_t{255}), key_of(std::uint64_t{1} << 63U)));
  const auto key = key_of(7U, std::uint64_t{9});
  CHECK(number_at<std::uint32_t>(key) == 7);
  CHECK(number_at<std::uint64_t>(key, 4) == 9);
  CHECK_THROWS_AS(number_at<std::uint64_t>(key, 5), CorruptError);
}
