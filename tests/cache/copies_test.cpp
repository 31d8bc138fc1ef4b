/// One stored body for one message under many mailboxes.

#include "tests/cache/fixtures.h"
#include "tests/support/catch.h"
#include "tests/support/temporary_directory.h"

namespace {

using namespace cache;
using namespace fixtures;

constexpr std::uint64_t kSize = 1000;

/// The UID is that of the copy; everything else is as the server says it of all of them.
MessageRow copy(std::uint32_t uid, std::string object_id) {
  auto row = message(uid);
  row.size = kSize;
  row.object_id = std::move(object_id);
  return row;
}

/// As after a fetch: the body is stored, the row names what is to be named.
BodyId fetch(Store& store, MailboxId mailbox, MessageRow row, std::uint64_t content) {
  const auto body = store.new_body_id();
  const auto all = octets(row.size, content);
  store.run([&](Edit& edit) {
    put_body(edit, body, all);
    row.body = edit.share_body(row.object_id, body);
    edit.put_message(mailbox, row);
  });
  return row.body;
}

std::optional<BodyId> body_of(const Store& store, const MessageRow& row) {
  return store.read([&](const View& view) { return view.body_of(row); });
}

std::uint64_t stored_bytes(const Store& store) {
  return store.read([](const View& view) { return view.body_bytes(); });
}

}  // namespace

TEST_CASE("a copy has the body that was fetched for another one", "[cache][copies]") {
  const TemporaryDirectory directory;
  const auto store = open_store(directory.path());
  const auto inbox = add_mailbox(*store, "INBOX");
  const auto body = fetch(*store, inbox, copy(1, "M1"), 7);
  CHECK(body_of(*store, copy(2, "M1")) == body);
  CHECK(body_of(*store, copy(2, "M2")) == std::nullopt);
  CHECK(body_of(*store, copy(2, "")) == std::nullopt);
  CHECK(body_of(*store, copy(2, std::string(4096, 'M'))) == std::nullopt);
}

TEST_CASE("a copy of another size is another message, whatever its id", "[cache][copies]") {
  const TemporaryDirectory directory;
  const auto store = open_store(directory.path());
  const auto inbox = add_mailbox(*store, "INBOX");
  fetch(*store, inbox, copy(1, "M1"), 7);
  auto other = copy(2, "M1");
  other.size = kSize + 1;
  CHECK(body_of(*store, other) == std::nullopt);
}

TEST_CASE("copies that were fetched side by side are stored once", "[cache][copies]") {
  const TemporaryDirectory directory;
  const auto store = open_store(directory.path());
  const auto inbox = add_mailbox(*store, "INBOX");
  const auto first = fetch(*store, inbox, copy(1, "M1"), 7);
  CHECK(fetch(*store, inbox, copy(2, "M1"), 7) == first);
  CHECK(stored_bytes(*store) == kSize);
  CHECK(read_body(*store, first, 0, kSize) == octets(kSize, 7));
}

TEST_CASE("different octets under one id are stored apart", "[cache][copies]") {
  const TemporaryDirectory directory;
  const auto store = open_store(directory.path());
  const auto inbox = add_mailbox(*store, "INBOX");
  const auto first = fetch(*store, inbox, copy(1, "M1"), 7);
  const auto second = fetch(*store, inbox, copy(2, "M1"), 8);
  CHECK(second != first);
  CHECK(read_body(*store, second, 0, kSize) == octets(kSize, 8));
  CHECK(body_of(*store, copy(3, "M1")) == first);
}

TEST_CASE("the body of the other copies stays when one of them is erased", "[cache][copies]") {
  const TemporaryDirectory directory;
  const auto store = open_store(directory.path());
  const auto inbox = add_mailbox(*store, "INBOX");
  const auto body = fetch(*store, inbox, copy(1, "M1"), 7);
  fetch(*store, inbox, copy(2, "M1"), 7);
  store->run([&](Edit& edit) { edit.erase_message(inbox, 1); });
  CHECK(body_of(*store, copy(2, "M1")) == body);
}

TEST_CASE("an evicted body is forgotten for all copies, and found again", "[cache][copies]") {
  const TemporaryDirectory directory;
  const auto store = open_store(directory.path(), kSize);
  const auto inbox = add_mailbox(*store, "INBOX");
  auto row = copy(1, "M1");
  row.body = fetch(*store, inbox, row, 7);
  add_body(*store, kSize);
  store->run([](Edit&) {});  // what exceeds the limit leaves with the next commit
  CHECK(body_of(*store, row) == std::nullopt);
  CHECK(body_of(*store, copy(2, "M1")) == std::nullopt);
  const auto again = fetch(*store, inbox, copy(2, "M1"), 7);
  CHECK(body_of(*store, row) == again);
}

TEST_CASE("copies are known after a restart", "[cache][copies]") {
  const TemporaryDirectory directory;
  BodyId body;
  {
    const auto store = open_store(directory.path());
    body = fetch(*store, add_mailbox(*store, "INBOX"), copy(1, "M1"), 7);
  }
  CHECK(body_of(*open_store(directory.path()), copy(2, "M1")) == body);
}
