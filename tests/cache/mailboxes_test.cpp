#include "tests/cache/fixtures.h"
#include "tests/support/catch.h"
#include "tests/support/temporary_directory.h"

#include <limits>

namespace {

using namespace cache;
using namespace fixtures;
using Uids = std::vector<std::uint32_t>;
using Ranges = std::vector<std::pair<std::uint32_t, std::uint32_t>>;

Ranges ranges_of(const Store& store, MailboxId mailbox) {
  return store.read([&](const View& view) { return view.uid_ranges(mailbox); });
}

void add_messages(Store& store, MailboxId mailbox, const Uids& uids) {
  store.run([&](Edit& edit) {
    for (const auto uid : uids) edit.put_message(mailbox, message(uid));
  });
}

}  // namespace

TEST_CASE("mailboxes are kept over a restart", "[cache][mailboxes]") {
  const TemporaryDirectory directory;
  auto inbox = mailbox("INBOX");
  inbox.highest_modseq = 1ULL << 62U;
  inbox.listed = true;
  MailboxId id;
  {
    const auto store = open_store(directory.path());
    store->run([&](Edit& edit) { id = edit.add_mailbox(mailbox("INBOX")); });
    store->run([&](Edit& edit) { edit.put_mailbox(id, inbox); });
  }
  const auto store = open_store(directory.path());
  CHECK(store->notice().empty());
  const auto all = store->read([](const View& view) { return view.mailboxes(); });
  REQUIRE(all.size() == 1);
  CHECK(all[0].first == id);
  CHECK(all[0].second == inbox);
  CHECK(store->read([&](const View& view) { return view.mailbox(id); }) == inbox);
}

TEST_CASE("mailbox ids begin at 2 and are never used again", "[cache][mailboxes]") {
  const TemporaryDirectory directory;
  {
    const auto store = open_store(directory.path());
    CHECK(add_mailbox(*store, "first").value == 2);
    CHECK(add_mailbox(*store, "second").value == 3);
    store->run([](Edit& edit) { edit.erase_mailbox(MailboxId{3}); });
  }
  const auto store = open_store(directory.path());
  CHECK(add_mailbox(*store, "third").value == 4);
}

TEST_CASE("messages are kept over a restart", "[cache][messages]") {
  const TemporaryDirectory directory;
  auto row = message(7);
  row.keywords = {"$Junk", "work"};
  row.body = BodyId{9};
  row.subject = std::string(65536, 'x');
  MailboxId id;
  {
    const auto store = open_store(directory.path());
    id = add_mailbox(*store, "INBOX");
    store->run([&](Edit& edit) { edit.put_message(id, row); });
  }
  const auto store = open_store(directory.path());
  CHECK(store->read([&](const View& view) { return view.message(id, 7); }) == row);
  CHECK_FALSE(store->read([&](const View& view) { return view.message(id, 8); }).has_value());
}

TEST_CASE("messages are visited from the highest UID down, page by page", "[cache][messages]") {
  const TemporaryDirectory directory;
  const auto store = open_store(directory.path());
  const auto before = add_mailbox(*store, "before");
  const auto id = add_mailbox(*store, "INBOX");
  const auto behind = add_mailbox(*store, "behind");
  add_messages(*store, before, {1, 0xFFFF'FFFF});
  add_messages(*store, id, {300, 1, 256, 255, 0xFFFF'FFFF});
  add_messages(*store, behind, {1, 0xFFFF'FFFF});
  CHECK(uids_below(*store, id, 0, 100) == Uids{0xFFFF'FFFF, 300, 256, 255, 1});
  CHECK(uids_below(*store, id, 0, 2) == Uids{0xFFFF'FFFF, 300});
  CHECK(uids_below(*store, id, 300, 2) == Uids{256, 255});
  CHECK(uids_below(*store, id, 299, 1) == Uids{256});
  CHECK(uids_below(*store, id, 1, 100).empty());
  CHECK(uids_below(*store, before, 0, 100) == Uids{0xFFFF'FFFF, 1});
  CHECK(uids_below(*store, MailboxId{77}, 0, 100).empty());
}

TEST_CASE("UIDs are given as ranges", "[cache][messages]") {
  const TemporaryDirectory directory;
  const auto store = open_store(directory.path());
  const auto id = add_mailbox(*store, "INBOX");
  const auto behind = add_mailbox(*store, "behind");
  CHECK(ranges_of(*store, id).empty());
  add_messages(*store, behind, {1});
  add_messages(*store, id, {1, 2, 3, 5, 9, 10, 0xFFFF'FFFE, 0xFFFF'FFFF});
  CHECK(ranges_of(*store, id) == Ranges{{1, 3}, {5, 5}, {9, 10}, {0xFFFF'FFFE, 0xFFFF'FFFF}});
  store->run([&](Edit& edit) { edit.erase_message(id, 2); });
  CHECK(ranges_of(*store, id).front() == std::pair{1U, 1U});
}

TEST_CASE("counts and totals follow every change", "[cache][messages]") {
  const TemporaryDirectory directory;
  const auto store = open_store(directory.path());
  const auto totals = [&] {
    return store->read([](const View& view) { return view.totals(); });
  };
  const auto first = add_mailbox(*store, "first");
  const auto second = add_mailbox(*store, "second");
  add_messages(*store, first, {1, 2});
  add_messages(*store, second, {1});
  CHECK(totals() == Totals{3, 1001 + 1002 + 1001});
  auto larger = message(2);
  larger.size = 5000;
  store->run([&](Edit& edit) { edit.put_message(first, larger); });
  CHECK(totals() == Totals{3, 1001 + 5000 + 1001});
  std::vector<bool> erased;
  std::uint32_t left = 0;
  store->run([&](Edit& edit) {
    erased = {edit.erase_message(first, 1), edit.erase_message(first, 1)};
    left = edit.message_count(first);
  });
  CHECK(erased == std::vector{true, false});
  CHECK(left == 1);
  CHECK(totals() == Totals{2, 5000 + 1001});
  store->run([&](Edit& edit) { edit.erase_mailbox(first); });
  CHECK(totals() == Totals{1, 1001});
}

TEST_CASE("a row that comes after its mailbox was erased is dropped", "[cache][mailboxes]") {
  const TemporaryDirectory directory;
  const auto store = open_store(directory.path());
  const auto id = add_mailbox(*store, "INBOX");
  store->run([&](Edit& edit) { edit.erase_mailbox(id); });
  std::vector<bool> done;
  store->run([&](Edit& edit) {
    done = {edit.put_message(id, message(1)), edit.put_mailbox(id, mailbox("INBOX")),
            edit.erase_mailbox(id), edit.erase_message(id, 1)};
  });
  CHECK(done == std::vector{false, false, false, false});
  CHECK_FALSE(store->read([&](const View& view) { return view.mailbox(id); }).has_value());
  CHECK_FALSE(store->read([&](const View& view) { return view.message(id, 1); }).has_value());
}

TEST_CASE("a message without a UID is refused", "[cache][messages]") {
  const TemporaryDirectory directory;
  const auto store = open_store(directory.path());
  const auto id = add_mailbox(*store, "INBOX");
  CHECK_THROWS_AS(store->run([&](Edit& edit) { edit.put_message(id, message(0)); }), Error);
}

TEST_CASE("an erased mailbox of 100,000 messages is gone at once and swept bit by bit",
          "[cache][mailboxes]") {
  const TemporaryDirectory directory;
  constexpr std::uint32_t kMessages = 100'000;
  MailboxId large;
  MailboxId other;
  {
    const auto store = open_store(directory.path());
    large = add_mailbox(*store, "large");
    other = add_mailbox(*store, "other");
    store->run([&](Edit& edit) {
      for (std::uint32_t uid = 1; uid <= kMessages; ++uid) edit.put_message(large, message(uid));
      edit.put_message(other, message(1));
    });
    CHECK(ranges_of(*store, large) == Ranges{{1, kMessages}});
    CHECK(uids_below(*store, large, 0, kMessages).size() == kMessages);
    store->run([&](Edit& edit) { edit.erase_mailbox(large); });
    CHECK_FALSE(store->read([&](const View& view) { return view.message(large, 1); }).has_value());
    CHECK(ranges_of(*store, large).empty());
    CHECK(uids_below(*store, large, 0, 10).empty());
    CHECK(store->read([](const View& view) { return view.totals(); }) == Totals{1, 1001});
  }
  // Whatever was swept by then, the rest is swept by the next process.
  {
    const auto store = open_store(directory.path());
    for (std::uint32_t work = 0; work <= kMessages / 4000 + 1; ++work) {
      store->run([&](Edit& edit) { edit.put_message(other, message(2)); });
    }
  }
  const Env env({.directory = directory.path(), .map_size = kMebibyte});
  WriteTxn txn(env);
  const auto tables = open_tables(txn);
  CHECK_FALSE(Cursor(txn, tables.erased).first().has_value());
  const auto first = Cursor(txn, tables.messages).first();
  REQUIRE(first.has_value());
  CHECK(number_at<std::uint32_t>(first->key) == other.value);
}

TEST_CASE("messages above a UID come lowest first and end with the mailbox", "[cache][messages]") {
  const TemporaryDirectory directory;
  const auto store = open_store(directory.path());
  const auto inbox = add_mailbox(*store, "INBOX");
  const auto other = add_mailbox(*store, "Other");
  const auto last = std::numeric_limits<std::uint32_t>::max();
  store->run([&](Edit& edit) {
    for (const auto uid : {3U, 7U, 8U, last}) edit.put_message(inbox, message(uid));
    edit.put_message(other, message(5));
  });
  const auto above = [&](std::uint32_t uid, std::size_t most) {
    Uids uids;
    store->read([&](const View& view) {
      view.messages_above(inbox, uid, [&](const MessageRow& row) {
        uids.push_back(row.uid);
        return uids.size() < most;
      });
    });
    return uids;
  };
  CHECK(above(0, 9) == Uids{3, 7, 8, last});
  CHECK(above(3, 2) == Uids{7, 8});
  CHECK(above(8, 9) == Uids{last});
  CHECK(above(last, 9).empty());
}

TEST_CASE("what is known of the account is kept over a restart", "[cache][mailboxes]") {
  const TemporaryDirectory directory;
  const AccountRow account{.prefix = "INBOX.", .delimiter = '.', .folders_at = 1'795'251'600};
  {
    const auto store = open_store(directory.path());
    CHECK(store->read([](const View& view) { return view.account(); }) == std::nullopt);
    store->run([&](Edit& edit) { edit.put_account(account); });
  }
  const auto store = open_store(directory.path());
  CHECK(store->read([](const View& view) { return view.account(); }) == account);
}

TEST_CASE("new flags leave the rest of a message as it was", "[cache][messages]") {
  const TemporaryDirectory directory;
  const auto store = open_store(directory.path());
  const auto inbox = add_mailbox(*store, "INBOX");
  add_messages(*store, inbox, {7});
  const auto totals = store->read([](const View& view) { return view.totals(); });
  bool done = false;
  store->run([&](Edit& edit) { done = edit.put_flags(inbox, 7, 0b101, {"work", "later"}, 99); });
  CHECK(done);
  auto expected = message(7);
  expected.flags = 0b101;
  expected.keywords = {"work", "later"};
  expected.modseq = 99;
  CHECK(store->read([&](const View& view) { return view.message(inbox, 7); }) == expected);
  CHECK(store->read([](const View& view) { return view.totals(); }) == totals);
}

TEST_CASE("flags of a message or mailbox that is gone are refused", "[cache][messages]") {
  const TemporaryDirectory directory;
  const auto store = open_store(directory.path());
  const auto inbox = add_mailbox(*store, "INBOX");
  add_messages(*store, inbox, {7});
  std::vector<bool> done;
  store->run([&](Edit& edit) {
    done = {edit.put_flags(inbox, 8, 1, {}, 1)};
    edit.erase_mailbox(inbox);
    done.push_back(edit.put_flags(inbox, 7, 1, {}, 1));
  });
  CHECK(done == std::vector{false, false});
}
